"""The documentation as a site: `make docs`. Its sources are where GitHub shows them, so that links lead to the same."""

import importlib.metadata

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

project = "tlslab"
author = "The tlslab authors"
copyright = author  # noqa: A001 - Sphinx calls it that
release = version = importlib.metadata.version("tlslab")

# The root of the sources is that of the repository; this folder has what the site alone needs.
root_doc = "docs/site/index"
include_patterns = [
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE-*", "notebooks/*.ipynb"),
    *("docs/*.md", "docs/site/**.rst"),
]

extensions = ["sphinx.ext.autodoc", "numpydoc", "myst_nb"]

# Links lead to headings by the names that GitHub gives them.
myst_heading_anchors = 3
myst_enable_extensions = ["dollarmath"]

# Notebooks are shown with the outputs that a test holds them to.
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # They would come from another server.

autodoc_default_options = {"members": True, "inherited-members": "Exception,object"}
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False  # autodoc does.
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
add_module_names = False

html_theme = "furo"
html_title = "tlslab"
html_static_path = ["static"]
html_css_files = ["site.css"]
templates_path = ["templates"]
html_additional_pages = {"index": "redirect.html"}
html_copy_source = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}
html_math_renderer = "mathml"


def _inline(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(tex2mathml(node.astext()))
    raise nodes.SkipNode


def _block(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(tex2mathml(node.astext(), as_block=True))
    raise nodes.SkipNode


def setup(app: Sphinx) -> None:
    """Have formulas as MathML, which browsers show without a script."""
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_block, None))
