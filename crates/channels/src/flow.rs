//! Dialogues written as a chain of continuations instead of an enum of states.

use crate::dialogue::{Call, Dialogue, Request, Step};

type Then<T> = Box<dyn FnOnce(Call) -> Flow<T> + Send>;

/// Either an end, or a request and what to do with its result.
pub(crate) enum Flow<T> {
    Done(T),
    Call(Request, Then<T>),
}

impl<T: Send + 'static> Flow<T> {
    /// Makes `request`, then goes on with what `then` decides.
    pub(crate) fn call(request: Request, then: impl FnOnce(Call) -> Self + Send + 'static) -> Self {
        Self::Call(request, Box::new(then))
    }

    /// This chain as a dialogue.
    pub(crate) fn dialogue(self) -> Box<dyn Dialogue<T>> {
        Box::new(Chain {
            start: Some(self),
            then: None,
        })
    }
}

struct Chain<T> {
    start: Option<Flow<T>>,
    then: Option<Then<T>>,
}

impl<T: Send> Dialogue<T> for Chain<T> {
    fn next(&mut self, last: Option<Call>) -> Step<T> {
        let flow = match last {
            None => self.start.take(),
            Some(call) => self.then.take().map(|then| then(call)),
        };
        match flow.expect("a dialogue is asked once for its start and once for each of its calls") {
            Flow::Done(value) => Step::Done(value),
            Flow::Call(request, then) => {
                self.then = Some(then);
                Step::Call(request)
            }
        }
    }
}
