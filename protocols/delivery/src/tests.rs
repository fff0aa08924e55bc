//! Delivery as a whole: a real store on a simulated disk, a directory in memory, a scripted relay on a socket.

mod bounces;
mod crash;
pub(crate) mod house;
mod local;
mod queue;
pub(crate) mod relay;
mod sink;
