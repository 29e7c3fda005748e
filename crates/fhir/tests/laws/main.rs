//! What the crate promises. One binary, so that fhir-sdk is linked once.

#[cfg(test)]
mod card;
#[cfg(test)]
mod card_blocks;
#[cfg(test)]
mod card_head;
#[cfg(test)]
mod check;
#[cfg(test)]
mod document;
#[cfg(test)]
mod face;
#[cfg(test)]
mod index;
#[cfg(test)]
mod line;
#[cfg(test)]
mod search;
#[cfg(test)]
mod small;
