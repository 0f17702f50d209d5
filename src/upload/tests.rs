//! What a client may say, in which order, and what comes of it; both sides together.

mod alone;
mod desk;
mod requests;
mod together;
