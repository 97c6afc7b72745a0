"""Ways out: images and trees written where the user wants them."""
