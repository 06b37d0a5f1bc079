//! Literal values of a workflow.

use std::fmt;
use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap as _, SerializeSeq as _, Serializer};

/// A JSON value that keeps what JSON libraries lose: 64-bit seeds and the difference between
/// `1` and `1.0`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number, wide enough for every `i64` and `u64`.
    Int(i128),
    /// Any other number; never NaN or infinite.
    Float(f64),
    /// A text.
    Str(Arc<str>),
    /// A list.
    List(Vec<Value>),
    /// An object, in order.
    Map(Vec<(Arc<str>, Value)>),
}

impl Value {
    /// What people call this kind of value, with an article.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Str(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a table",
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "used for comparisons with ranges, not for emission")]
    pub const fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(int) => Some(*int as f64),
            Self::Float(float) => Some(*float),
            _ => None,
        }
    }

    /// From parsed JSON.
    #[must_use]
    pub fn from_json(json: &serde_json::Value) -> Self {
        match json {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(bool) => Self::Bool(*bool),
            serde_json::Value::Number(number) => {
                number.as_i128().map_or_else(|| Self::Float(number.as_f64().unwrap_or(0.0)), Self::Int)
            }
            serde_json::Value::String(text) => Self::Str(text.as_str().into()),
            serde_json::Value::Array(items) => Self::List(items.iter().map(Self::from_json).collect()),
            serde_json::Value::Object(map) => Self::Map(
                map.iter().map(|(key, value)| (key.as_str().into(), Self::from_json(value))).collect(),
            ),
        }
    }

    /// To JSON; a whole number beyond 64 bits becomes a float.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::to_value(self).unwrap_or(serde_json::Value::Null)
    }

    /// Equality as Python's `==` and `in` see it: `1 == 1.0 == True`.
    #[must_use]
    pub fn python_eq(&self, other: &Self) -> bool {
        let number = |value: &Self| match value {
            Self::Bool(bool) => Some(f64::from(u8::from(*bool))),
            _ => value.as_f64(),
        };
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => a == b,
            _ => match (number(self), number(other)) {
                (Some(a), Some(b)) => a.total_cmp(&b).is_eq() || (a == 0.0 && b == 0.0),
                _ => self == other,
            },
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match serde_json::to_string(self) {
            Ok(text) => f.write_str(&text),
            Err(_) => f.write_str("?"),
        }
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
            Self::Int(int) => {
                if let Ok(small) = i64::try_from(*int) {
                    serializer.serialize_i64(small)
                } else if let Ok(large) = u64::try_from(*int) {
                    serializer.serialize_u64(large)
                } else {
                    #[expect(
                        clippy::cast_precision_loss,
                        reason = "beyond 64 bits there is no exact JSON number to keep"
                    )]
                    serializer.serialize_f64(*int as f64)
                }
            }
            Self::Float(float) => serializer.serialize_f64(*float),
            Self::Str(text) => serializer.serialize_str(text),
            Self::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(&**key, value)?;
                }
                map.end()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_keep_all_64_bits() {
        let seed = Value::Int(i128::from(u64::MAX));
        assert_eq!(seed.to_string(), "18446744073709551615");
        assert_eq!(Value::from_json(&seed.to_json()), seed);
    }

    #[test]
    fn python_equality_crosses_number_types() {
        assert!(Value::Int(1).python_eq(&Value::Float(1.0)));
        assert!(Value::Bool(true).python_eq(&Value::Int(1)));
        assert!(!Value::Str("1".into()).python_eq(&Value::Int(1)));
    }
}
