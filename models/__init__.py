"""The shipped models, one folder each; a package only so that an installed program finds them."""
