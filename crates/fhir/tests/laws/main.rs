//! What the crate promises. One binary, so that fhir-sdk is linked once.

#[cfg(test)]
mod check;
#[cfg(test)]
mod document;
#[cfg(test)]
mod index;
#[cfg(test)]
mod small;
