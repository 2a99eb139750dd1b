//! The one integration binary: what the program promises, checked from outside.
