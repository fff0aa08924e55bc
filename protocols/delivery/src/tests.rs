//! Delivery as a whole: a real store on a simulated disk, a directory in memory, a scripted relay on a socket.

mod bounces;
mod crash;
mod house;
mod local;
mod queue;
mod relay;
mod sink;
