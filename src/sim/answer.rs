//! Answers as the server gives them.

use axum::body::Body;
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use serde_json::Value;

use super::{not_numbers, python};

/// An answer.
pub(super) type Answer = Response<Body>;

/// An empty answer.
pub(super) fn empty(status: StatusCode) -> Answer {
    let mut answer = Answer::new(Body::empty());
    *answer.status_mut() = status;
    answer
}

/// A text, as for errors that nobody caught.
pub(super) fn text(status: StatusCode, text: &str) -> Answer {
    typed(status, "text/plain; charset=utf-8", text.to_owned().into())
}

/// The handler raised an exception.
pub(super) fn trouble() -> Answer {
    let page = "500 Internal Server Error\n\nServer got itself in trouble";
    text(StatusCode::INTERNAL_SERVER_ERROR, page)
}

/// There is no such route: what is asked for is looked for among the files of the editor, which can only be read.
pub(super) fn not_found(method: &Method) -> Answer {
    match *method {
        Method::GET => typed(StatusCode::NOT_FOUND, "application/octet-stream", Body::empty()),
        Method::HEAD => empty(StatusCode::NOT_FOUND),
        _ => not_allowed(READ),
    }
}

/// How the files of the editor can be asked for.
pub(super) const READ: &str = "GET,HEAD";

/// There is such a route, for other methods.
pub(super) fn not_allowed(methods: &'static str) -> Answer {
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "405: Method Not Allowed");
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    answer
}

/// Bytes of some type.
pub(super) fn typed(status: StatusCode, content_type: &str, body: Body) -> Answer {
    let mut answer = Answer::new(body);
    *answer.status_mut() = status;
    if let Ok(value) = content_type.parse() {
        answer.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    answer
}

/// A JSON answer.
pub(super) fn json(status: StatusCode, value: &Value) -> Answer {
    json_text(status, python::dumps(value))
}

/// The same of JSON that Python has written already.
pub(super) fn json_text(status: StatusCode, text: String) -> Answer {
    typed(status, "application/json; charset=utf-8", not_numbers::spoil(text).into())
}

/// A JSON answer without fault.
pub(super) fn ok(value: &Value) -> Answer {
    json(StatusCode::OK, value)
}
