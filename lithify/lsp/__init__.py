"""Owns the language server: editors' questions in, answers of the compiler out. Only its server speaks the protocol."""
