"""What images carry of an edit: parasites of every byte, in a saved file, found from any layer."""

import os
import time

from draggan_studio.draggan_wire.crop import Crop
from draggan_studio.draggan_wire.workbench.note import Note, read_note, write_note
from draggan_studio.draggan_wire.workbench.region import Source, Terms
from draggan_studio.draggan_wire.workbench.trace import Trace
from draggan_studio.host import notes
from draggan_studio.host.document import GimpDocument
from gi.repository import Gimp, Gio
from made import add_layer, new_image, refused, result_of, run_all

WHOLE = Crop(0, 0, 40, 30)
ALL_BYTES = bytes(range(256))


def every_byte_and_length_comes_back():
    layer = add_layer(new_image())
    for data in (b"", b"\0", ALL_BYTES, ALL_BYTES * 40000, b"short again"):
        notes.write_note(layer, data)
        assert notes.read_note(layer) == data, len(data)
    left = [name for name in layer.get_parasite_list() if name.startswith("draggan")]
    assert left == ["draggan-edit"], left


def several_megabytes_take_about_a_second():
    layer = add_layer(new_image())
    data = os.urandom(8 << 20)
    began = time.monotonic()
    notes.write_note(layer, data)
    wrote = time.monotonic()
    assert notes.read_note(layer) == data
    print(f"8 MiB: write {wrote - began:.2f} s, read {time.monotonic() - wrote:.2f} s")
    assert time.monotonic() - began < 10


def more_than_can_be_read_is_not_written():
    layer = add_layer(new_image())
    assert "too large" in refused(notes.write_note, layer, bytes(notes.MOST + 1))
    assert not layer.get_parasite_list()


def a_saved_image_still_knows_its_edit():
    for source in ("layer", ""):
        image = new_image()
        add_layer(image, seed=3, name="other")
        layer = add_layer(image, alpha=True, name="mine")
        document = GimpDocument(image, layer)
        assert document.read_note() == b""
        read = document.read_visible(WHOLE)
        told = []

        def note(group, layers, told=told):
            told.extend([group, *layers])
            return ALL_BYTES

        name = document.layer if source else ""
        document.insert([result_of(read, WHOLE, name="result")], source=name, note=note)
        file = Gio.File.new_for_path(os.path.join(os.environ["RIG_OUT"], "noted.xcf"))
        assert Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
        loaded = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
        found = {each.get_name(): each for each in every(loaded.get_layers())}
        knowing = {"DragGAN", "result", "mine"} | (set() if source else {"other"})
        for name, each in found.items():
            read_back = GimpDocument(loaded, each).read_note()
            assert read_back == (ALL_BYTES if name in knowing | {"Original"} else b""), name
        ids = [str(found[name].get_tattoo()) for name in ("DragGAN", "result")]
        assert ids == told
        assert GimpDocument(loaded, found["mine"]).layer == document.layer


def every(layers):
    for layer in layers:
        yield layer
        if layer.is_group_layer():
            yield from every(layer.get_children())


def a_copy_of_an_image_knows_its_own_layers():
    """GIMP counts tattoos anew there, so those of the note are of other layers, or of none."""
    image = new_image()
    add_layer(image)
    layer = add_layer(image)
    document = GimpDocument(image, layer)
    read = document.read_layer(document.layer, WHOLE)

    def noted(group, ids):
        source = Source(document.layer, WHOLE)
        terms = Terms(region="whole", model="critters", quality="fast")
        trace = Trace(group, ((ids[-1], 3),))
        return write_note(Note(terms, source, "rgba8", (), (), trace, 3, b"saved"))

    document.insert([result_of(read, WHOLE)], source=document.layer, note=noted)
    copy = image.duplicate()
    group, source, _ = copy.get_layers()
    note = read_note(GimpDocument(copy, group).read_note())
    assert note.source.layer == str(source.get_tattoo())
    result = group.get_children()[0]
    trace = Trace(str(group.get_tattoo()), ((str(result.get_tattoo()), 3),))
    assert (note.trace, note.data) == (trace, b"saved")


def the_newest_edit_of_a_layer_is_found_first():
    image = new_image()
    layer = add_layer(image)
    document = GimpDocument(image, layer)
    read = document.read_visible(WHOLE)
    for data in (b"first", b"second"):
        new = result_of(read, WHOLE)
        document.insert([new], source=document.layer, note=lambda group, ids, data=data: data)
    assert GimpDocument(image, layer).read_note() == b"second"
    older = image.get_layers()[1]
    assert GimpDocument(image, older).read_note() == b"first"


def strange_parasites_are_no_edit():
    image = new_image()
    layer = add_layer(image)
    group = Gimp.GroupLayer.new(image, "group")
    image.insert_layer(group, None, 0)
    for text in (b"", b"over", b"nonsense 7", b"\x80\xff over", b"over " + b"9" * 5000):
        signed = [byte - 256 if byte > 127 else byte for byte in text]
        group.attach_parasite(Gimp.Parasite.new(notes.ORIGIN, 1, signed))
        assert GimpDocument(image, layer).read_note() == b"", text


run_all(globals())
