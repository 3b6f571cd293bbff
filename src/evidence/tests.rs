//! Bodies as services send them, and as nobody should.
