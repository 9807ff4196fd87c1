raise ImportError("no bcc here")
