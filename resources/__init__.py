"""Icons, styles and schemas; a package only so that an installed program finds them."""
