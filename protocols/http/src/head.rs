//! How long the head of an HTTP/1 request may take: counted from its first octet.
//!
//! hyper counts from the moment at which a head may come, so that a time that ends slow heads soon would end every
//! connection as soon that lies idle between two requests. How long one may lie idle is the door's to say.

use crate::guard::Signs;
use crate::limits::HEAD_TIME_MAX;
use hyper::rt::{Sleep, Timer};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// The timer of an HTTP/1 connection, which hyper asks when it begins to wait for a head.
pub(crate) struct HeadTimer {
    signs: Arc<Signs>,
    /// Whether the first head was asked about: it has begun before hyper is there, while its version is found out.
    begun: AtomicBool,
}

impl HeadTimer {
    /// For the connection that is watched so.
    pub(crate) fn new(signs: Arc<Signs>) -> Self {
        Self { signs, begun: AtomicBool::new(false) }
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, _duration: Duration) -> Pin<Box<dyn Sleep>> {
        if self.begun.swap(true, Ordering::Relaxed) {
            self.signs.await_head();
        }
        Box::pin(HeadTime { signs: self.signs.clone(), left: None })
    }

    fn sleep_until(&self, _deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.sleep(HEAD_TIME_MAX)
    }
}

/// The time of one head: over [`HEAD_TIME_MAX`] behind its first octet.
struct HeadTime {
    signs: Arc<Signs>,
    left: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Future for HeadTime {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Whoever waits here waits for octets too, and looks here again behind each.
        let Some(since) = self.signs.heard() else { return Poll::Pending };
        let left = || Box::pin(tokio::time::sleep_until(since + HEAD_TIME_MAX));
        self.left.get_or_insert_with(left).as_mut().poll(context)
    }
}

impl Sleep for HeadTime {}
