//! A request as the services see it, and an answer.

use crate::access;
use crate::error::{ApiError, BatchErrorForm};
use crate::log::{Operation, Service};
use crate::xml::Element;
use crate::{cloud_map, route53, sts};
use bytes::Bytes;
use http::request::Parts;
use serde_json::Value;

/// A request that has been read, and which call it is.
pub(crate) struct Call {
    pub(crate) operation: Operation,
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
    pub(crate) access_key: Option<String>,
    /// The ids in the path.
    ids: Vec<String>,
    query: Vec<(String, String)>,
}

impl Call {
    pub(crate) fn read(parts: Parts, body: Bytes) -> Self {
        let query = pairs(parts.uri.query().unwrap_or_default().as_bytes());
        let target = parts.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
        let (operation, ids) = match parts.uri.path() {
            "/" if target.is_some() => (cloud_map::classify(target.unwrap_or_default()), Vec::new()),
            "/" => (sts::classify(&pairs(&body)), Vec::new()),
            path => route53::classify(&parts.method, path),
        };
        Call { operation, access_key: access::access_key(&parts.headers), parts, body, ids, query }
    }

    /// One of the ids in the path.
    pub(crate) fn id(&self, index: usize) -> &str {
        self.ids.get(index).map(String::as_str).unwrap_or_default()
    }

    /// The zone that the call is about.
    pub(crate) fn zone(&self) -> Option<&str> {
        match self.operation {
            Operation::ListTagsForResource | Operation::ChangeTagsForResource => Some(self.id(1)),
            Operation::GetChange | Operation::ListTagsForResources => None,
            _ => self.ids.first().map(String::as_str),
        }
    }

    /// A parameter of the query, if it is there and not empty.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let value = self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    /// The fields of a form in the body.
    pub(crate) fn form(&self) -> Vec<(String, String)> {
        pairs(&self.body)
    }
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(text).into_owned().collect()
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Bytes,
    /// The code of the refusal, if this is one.
    pub(crate) error: Option<String>,
}

impl Answer {
    pub(crate) fn xml(status: u16, document: &Element) -> Self {
        Answer {
            status,
            content_type: "text/xml".to_owned(),
            headers: Vec::new(),
            body: document.to_document().into(),
            error: None,
        }
    }

    pub(crate) fn json(status: u16, value: &Value) -> Self {
        Answer {
            status,
            content_type: "application/x-amz-json-1.1".to_owned(),
            headers: Vec::new(),
            body: value.to_string().into(),
            error: None,
        }
    }

    pub(crate) fn refusal(error: &ApiError, call: &Call, form: BatchErrorForm, request_id: &str) -> Self {
        let answer = match call.operation.service() {
            Service::Route53 => Answer::xml(error.status, &error.document(form, request_id)),
            Service::Sts => Answer::xml(error.status, &sts::refusal(error, request_id)),
            Service::CloudMap => Answer::json(error.status, &cloud_map::refusal(error)),
        };
        Answer { error: Some(error.code.clone()), ..answer }
    }
}
