//! Which of several servers is asked, and in which order the others are when it does not answer.

use crate::transport::Server;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering};

/// `--rfc2136-load-balancing-strategy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Balancing {
    /// One, and the next when it fails.
    #[default]
    Disabled,
    /// One after the other.
    RoundRobin,
    /// Any.
    Random,
}

/// The servers.
pub(crate) struct Servers {
    all: Vec<Server>,
    order: Order,
}

#[derive(Debug)]
struct Order {
    count: usize,
    balancing: Balancing,
    /// Where to begin next, or how often it was begun.
    next: AtomicUsize,
    random: RandomState,
}

impl Servers {
    pub(crate) fn new(all: Vec<Server>, balancing: Balancing) -> Self {
        let order =
            Order { count: all.len(), balancing, next: AtomicUsize::new(0), random: RandomState::new() };
        Self { all, order }
    }

    pub(crate) fn get(&self, index: usize) -> Option<&Server> {
        self.all.get(index)
    }

    /// The servers for a write, in the order in which they are tried.
    pub(crate) fn for_writing(&self) -> Vec<usize> {
        self.order.beginning_at(self.order.turn())
    }

    /// The servers for reading a zone of which an image came from one of them. That is asked again, because serials and changes of another
    /// mean nothing for it; unless one server is used until it fails, and has.
    pub(crate) fn for_reading(&self, of_image: Option<usize>) -> Vec<usize> {
        let first = match (self.order.balancing, of_image) {
            (Balancing::Disabled, _) => self.order.next.load(Ordering::Relaxed),
            (_, Some(index)) => index,
            (_, None) => self.order.turn(),
        };
        self.order.beginning_at(first)
    }

    /// Notes that a server did what it was asked for, and those before it did not: where one is used until it fails, it is this one now.
    pub(crate) fn served(&self, index: usize) {
        if self.order.balancing == Balancing::Disabled {
            self.order.next.store(index, Ordering::Relaxed);
        }
    }
}

impl Order {
    /// Whose turn it is.
    fn turn(&self) -> usize {
        let n = match self.balancing {
            Balancing::Disabled => self.next.load(Ordering::Relaxed),
            Balancing::RoundRobin => self.next.fetch_add(1, Ordering::Relaxed),
            Balancing::Random => self.random.hash_one(self.next.fetch_add(1, Ordering::Relaxed)) as usize,
        };
        n % self.count.max(1)
    }

    fn beginning_at(&self, first: usize) -> Vec<usize> {
        (0..self.count).map(|n| (first + n) % self.count).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(balancing: Balancing) -> Servers {
        Servers::new((0..3).map(|n| Server::new(format!("ns{n}"), 53, None)).collect(), balancing)
    }

    fn first(servers: &Servers) -> usize {
        let order = servers.for_writing();
        assert_eq!(order.len(), 3, "the others are there for when it fails");
        order[0]
    }

    #[test]
    fn one_is_used_until_it_fails() {
        let servers = servers(Balancing::Disabled);
        assert_eq!((first(&servers), first(&servers)), (0, 0));
        servers.served(1);
        assert_eq!(first(&servers), 1);
        assert_eq!(servers.for_reading(Some(0))[0], 1, "what was written there is read there");
    }

    #[test]
    fn turns_are_taken() {
        let servers = servers(Balancing::RoundRobin);
        assert_eq!((0..4).map(|_| first(&servers)).collect::<Vec<_>>(), [0, 1, 2, 0]);
        assert_eq!(servers.for_reading(Some(2)), [2, 0, 1], "serials of another server mean nothing");
    }

    /// ExternalDNS v0.22 never takes the first one.
    #[test]
    fn at_random_every_server_gets_its_share() {
        let servers = servers(Balancing::Random);
        let mut counts = [0; 3];
        (0..3000).for_each(|_| counts[first(&servers)] += 1);
        assert!(counts.iter().all(|count| (700..1300).contains(count)), "{counts:?}");
    }
}
