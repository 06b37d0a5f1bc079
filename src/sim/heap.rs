//! The server's queue: Python's `heapq` on a list, step by step, since `GET /queue` shows the list as it lies.
//!
//! Items compare by number and id. Two with the same number and id cannot be compared, and Python raises: whoever
//! pushes leaves the item where it is, and whoever pops has lost one.

use std::cmp::Ordering;

/// What can be in the queue.
pub(super) trait Ordered {
    /// Python's order; nothing if comparing raises.
    fn compare(&self, other: &Self) -> Option<Ordering>;
}

/// Comparing raised a `TypeError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Incomparable;

/// The queue.
#[derive(Clone, Debug)]
pub(super) struct Heap<T> {
    items: Vec<T>,
}

impl<T> Default for Heap<T> {
    fn default() -> Self {
        Self { items: Vec::new() }
    }
}

impl<T: Ordered> Heap<T> {
    /// As the list lies.
    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn clear(&mut self) {
        self.items.clear();
    }

    pub(super) fn push(&mut self, item: T) -> Result<(), Incomparable> {
        self.items.push(item);
        self.rise(0, self.items.len() - 1)
    }

    /// The smallest item; nothing if there is none.
    pub(super) fn pop(&mut self) -> Result<Option<T>, Incomparable> {
        let Some(last) = self.items.pop() else { return Ok(None) };
        let Some(first) = self.items.first_mut() else { return Ok(Some(last)) };
        let smallest = std::mem::replace(first, last);
        self.sink(0)?;
        Ok(Some(smallest))
    }

    /// Removes the first item in the list that is meant; true if there was one.
    pub(super) fn remove(&mut self, is_meant: impl Fn(&T) -> bool) -> Result<bool, Incomparable> {
        let Some(at) = self.items.iter().position(is_meant) else { return Ok(false) };
        self.items.remove(at);
        for at in (0..self.items.len() / 2).rev() {
            self.sink(at)?;
        }
        Ok(true)
    }

    fn less(&self, one: usize, other: usize) -> Result<bool, Incomparable> {
        match (self.items.get(one), self.items.get(other)) {
            (Some(one), Some(other)) => Ok(one.compare(other).ok_or(Incomparable)? == Ordering::Less),
            _ => Ok(false),
        }
    }

    /// Lets the item at `at` rise, no higher than `top`.
    fn rise(&mut self, top: usize, mut at: usize) -> Result<(), Incomparable> {
        while at > top {
            let parent = (at - 1) / 2;
            if !self.less(at, parent)? {
                break;
            }
            self.items.swap(at, parent);
            at = parent;
        }
        Ok(())
    }

    /// Lets the item at `top` sink to a leaf, always to the smaller child, and rise again.
    fn sink(&mut self, top: usize) -> Result<(), Incomparable> {
        let mut at = top;
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            if left >= self.items.len() {
                break;
            }
            let is_left = right >= self.items.len() || self.less(left, right)?;
            let child = if is_left { left } else { right };
            self.items.swap(at, child);
            at = child;
        }
        self.rise(top, at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq)]
    struct Pair(f64, &'static str);

    impl Ordered for Pair {
        fn compare(&self, other: &Self) -> Option<Ordering> {
            let order = self.0.partial_cmp(&other.0)?.then_with(|| self.1.cmp(other.1));
            Some(order).filter(|order| order.is_ne())
        }
    }

    #[test]
    fn the_list_lies_as_python_leaves_it_and_comes_out_in_order() {
        // The measured case: five prompts, of which the last two came with `front`.
        let mut heap = Heap::default();
        for item in [Pair(0.0, "a"), Pair(1.0, "b"), Pair(2.0, "c"), Pair(-3.0, "e"), Pair(-4.0, "d")] {
            assert_eq!(heap.push(item), Ok(()));
        }
        let lies: Vec<_> = heap.items().iter().map(|item| item.1).collect();
        assert_eq!(lies, ["d", "e", "c", "b", "a"]);
        let mut order = Vec::new();
        while let Ok(Some(item)) = heap.pop() {
            order.push(item.1);
        }
        assert_eq!(order, ["d", "e", "a", "b", "c"]);
    }

    #[test]
    fn equal_items_raise_and_stay() {
        let mut heap = Heap::default();
        assert_eq!(heap.push(Pair(1.0, "a")), Ok(()));
        assert_eq!(heap.push(Pair(1.0, "a")), Err(Incomparable));
        assert_eq!(heap.len(), 2);
        // The way out needs no comparison of two.
        assert_eq!(heap.pop(), Ok(Some(Pair(1.0, "a"))));
        for name in ["a", "b"] {
            assert_eq!(heap.push(Pair(2.0, name)), Ok(()));
        }
        assert_eq!(heap.push(Pair(2.0, "b")), Ok(()));
        assert_eq!(heap.pop().map(|item| item.map(|item| item.1)), Ok(Some("a")));
        assert_eq!(heap.remove(|item| item.1 == "z"), Ok(false));
    }
}
