"""How icetop looks: themes, their colours at each colour depth, and the characters to draw with."""
