//! What goes wrong on purpose, and when.

/// Which of the requests that a fault is for meet it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turns {
    /// So many of them pass first.
    pub skip: usize,
    /// So many meet it then; `None` for all that come.
    pub times: Option<usize>,
}

impl Turns {
    /// The first of them.
    pub const ONCE: Self = Self { skip: 0, times: Some(1) };
}

/// The faults that are still to come. Of several that are for a request the one that was added first counts.
#[derive(Debug)]
pub struct Faults<W, F>(Vec<Waiting<W, F>>);

#[derive(Debug)]
struct Waiting<W, F> {
    when: W,
    turns: Turns,
    fault: F,
}

impl<W, F> Default for Faults<W, F> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<W, F: Clone> Faults<W, F> {
    /// Adds a fault for some requests.
    pub fn add(&mut self, turns: Turns, when: W, fault: F) {
        self.0.push(Waiting { when, turns, fault });
    }

    /// Takes back all faults.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// How many requests are still to meet a fault, those that are for all requests not counted.
    pub fn left(&self) -> usize {
        self.0.iter().filter_map(|waiting| waiting.turns.times).sum()
    }

    /// The fault for this request, if there is one. A request that one fault lets pass meets no other.
    pub fn take(&mut self, is_for: impl Fn(&W) -> bool) -> Option<F> {
        let is_next = |waiting: &Waiting<W, F>| waiting.turns.times != Some(0) && is_for(&waiting.when);
        let Waiting { turns, fault, .. } = self.0.iter_mut().find(|waiting| is_next(waiting))?;
        if turns.skip > 0 {
            turns.skip -= 1;
            return None;
        }
        if let Some(times) = &mut turns.times {
            *times -= 1;
        }
        Some(fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_wait_for_the_request_they_are_for() {
        let mut faults = Faults::default();
        faults.add(Turns { times: Some(2), ..Turns::ONCE }, "a", 1);
        faults.add(Turns { times: None, ..Turns::ONCE }, "b", 2);
        faults.add(Turns::ONCE, "a", 3);
        let mut take = |request| faults.take(|when| *when == request);
        assert_eq!(take("c"), None);
        assert_eq!(["a", "a", "a", "a"].map(&mut take), [Some(1), Some(1), Some(3), None]);
        assert_eq!(["b", "b", "b"].map(&mut take), [Some(2); 3]);
    }

    #[test]
    fn those_that_are_to_pass_do() {
        let mut faults = Faults::default();
        faults.add(Turns { skip: 2, ..Turns::ONCE }, (), 1);
        faults.add(Turns::ONCE, (), 2);
        assert_eq!(faults.left(), 2);
        let met: Vec<_> = (0..5).map(|_| faults.take(|()| true)).collect();
        assert_eq!(met, [None, None, Some(1), Some(2), None]);
        assert_eq!(faults.left(), 0);
    }

    #[test]
    fn what_is_taken_back_is_gone() {
        let mut faults = Faults::default();
        faults.add(Turns { times: None, ..Turns::ONCE }, (), 1);
        faults.clear();
        assert_eq!(faults.take(|()| true), None);
    }
}
