"""The same from Script-Fu: a drag, a name for the returned layer, an exported picture."""

SCRIPT = """
(let* ((image (car (gimp-file-load RUN-NONINTERACTIVE "{folder}/animal.png")))
       (result (car (plug-in-draggan #:run-mode RUN-NONINTERACTIVE
                                     #:image image
                                     #:drawables (car (gimp-image-get-layers image))
                                     #:handles "{handles}"
                                     #:quality "fast"))))
  (gimp-item-set-name result "what came back")
  (gimp-file-save RUN-NONINTERACTIVE image "{folder}/after.xcf")
  (gimp-file-save RUN-NONINTERACTIVE image "{folder}/after.png")
  (gimp-image-delete image))
"""
WRONG = """
(let* ((image (car (gimp-file-load RUN-NONINTERACTIVE "{folder}/animal.png"))))
  (plug-in-draggan #:run-mode RUN-NONINTERACTIVE
                   #:image image
                   #:drawables (car (gimp-image-get-layers image))
                   #:handles "10,20:30"))
"""


def main(rig):
    words = {"folder": rig.out, "handles": rig.given["handles"]}
    with rig.console() as gimp:
        rig.put("done", gimp.do("script_fu(code)", code=SCRIPT.format(**words)))
        rig.put("tree", gimp.do("tree(load('after.xcf'))"))
        rig.put("wrong", gimp.do("script_fu(code)", code=WRONG.format(**words)))
