//! What was asked of a double.

/// Requests in the order in which they came. Each has a number that stays its own, so that its answer finds it even after a test has
/// had others forgotten.
#[derive(Debug)]
pub struct Log<R> {
    requests: Vec<R>,
    forgotten: usize,
}

impl<R> Default for Log<R> {
    fn default() -> Self {
        Self { requests: Vec::new(), forgotten: 0 }
    }
}

impl<R> Log<R> {
    /// Notes a request and gives its number.
    pub fn add(&mut self, request: R) -> usize {
        self.requests.push(request);
        self.forgotten + self.requests.len() - 1
    }

    /// The request of a number, if it is still remembered.
    pub fn get_mut(&mut self, number: usize) -> Option<&mut R> {
        self.requests.get_mut(number.checked_sub(self.forgotten)?)
    }

    /// Forgets all requests so far.
    pub fn forget(&mut self) {
        self.forgotten += self.requests.len();
        self.requests.clear();
    }

    /// All that are remembered.
    pub fn requests(&self) -> &[R] {
        &self.requests
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_finds_its_request_and_no_other() {
        let mut log = Log::default();
        let early = log.add("early");
        log.forget();
        let late = log.add("late");
        assert_eq!(log.get_mut(early), None);
        *log.get_mut(late).unwrap() = "answered";
        assert_eq!(log.requests(), ["answered"]);
    }
}
