//! What a graph may change so that its workflow fits a smaller card: `[[fit]]`.

use std::sync::Arc;

use super::Item;
use super::decode::{At, table, words};

table! {
    /// A change that saves memory of the card, and what it costs. `wfc fit` makes them in the order in which they stand, each
    /// no further than needed.
    pub struct Lever ("a change that saves memory") {
        /// The parameter that changes.
        "param" => param: At<Arc<str>>, optional;
        /// Numbers that change together and keep their ratio: a width and a height.
        "params" => params: Vec<At<Arc<str>>>, default;
        /// The model slot of which the model changes.
        "model" => model: At<Arc<str>>, optional;
        /// Whether a number grows or shrinks.
        "to" => to: At<Direction>, optional;
        /// How far a number goes, if not as far as its declaration lets it; of several, the smallest.
        "limit" => limit: Item, optional;
        /// The distance between the values of a number whose declaration has no form; one that is not whole needs it.
        "step" => step: Item, optional;
        /// The values to try, the least harmful first; those up to the present one are passed over. For a model slot, models
        /// of the catalog; without this key, all of the family of the present one with fewer bytes.
        "values" => values: Vec<Item>, default;
        /// What it costs: `slower, the same pictures`.
        "reason" => reason: Arc<str>, required;
    }
}

words! {
    /// Which way a number changes.
    pub enum Direction {
        /// It grows.
        "max" => Max,
        /// It shrinks.
        "min" => Min,
    }
}
