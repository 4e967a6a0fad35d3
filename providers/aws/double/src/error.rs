//! How the service says no.

use crate::xml::Element;

/// A refusal, in the service's words where they are known from the error reports of its users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    /// One per failing change; only of a refused change batch.
    pub(crate) messages: Vec<String>,
    /// The operation that is in the way; only of Cloud Map's `DuplicateRequest`.
    pub(crate) duplicate_of: Option<String>,
}

/// In which of its two forms the service reports a refused change batch. Clients had better understand both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BatchErrorForm {
    /// An ordinary `ErrorResponse` with all messages in one: `[first, second]`. Users of the Python SDK report such messages, and
    /// it reads no code at all from the other form; so this is what is sent in the field.
    #[default]
    ErrorResponse,
    /// A document whose root is `InvalidChangeBatch`, with a list of `Messages`, as the reference of the API has it.
    Messages,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        ApiError {
            status,
            code: code.into(),
            message: message.into(),
            messages: Vec::new(),
            duplicate_of: None,
        }
    }

    pub(crate) fn invalid_input(message: impl Into<String>) -> Self {
        ApiError::new(400, "InvalidInput", message)
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        ApiError::new(400, "MalformedInput", message)
    }

    pub(crate) fn invalid_batch(messages: Vec<String>) -> Self {
        let message = format!("[{}]", messages.join(", "));
        ApiError { messages, ..ApiError::new(400, "InvalidChangeBatch", message) }
    }

    pub(crate) fn no_such_zone(id: &str) -> Self {
        ApiError::new(404, "NoSuchHostedZone", format!("No hosted zone found with ID: {id}"))
    }

    /// The document for Route 53's clients.
    pub(crate) fn document(&self, form: BatchErrorForm, request_id: &str) -> Element {
        if form == BatchErrorForm::Messages && !self.messages.is_empty() {
            let messages = self.messages.iter().map(|message| Element::leaf("Message", message));
            return Element::root("InvalidChangeBatch")
                .with(Element::new("Messages").with_all(messages))
                .with(Element::leaf("RequestId", request_id));
        }
        let party = if self.status < 500 { "Sender" } else { "Receiver" };
        Element::root("ErrorResponse")
            .with(
                Element::new("Error")
                    .with(Element::leaf("Type", party))
                    .with(Element::leaf("Code", &self.code))
                    .with(Element::leaf("Message", &self.message)),
            )
            .with(Element::leaf("RequestId", request_id))
    }
}
