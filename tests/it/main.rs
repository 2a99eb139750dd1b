//! The one integration binary: what the program promises, checked from outside.

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod docs;
#[cfg(test)]
mod floors;
#[cfg(test)]
mod sources;
