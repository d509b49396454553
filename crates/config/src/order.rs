//! The order in which items come after those that they name.

use std::collections::HashMap;

/// Returns the items in layers, each after those it names, and within a layer in their order here; then those that no
/// layer has, because they are in a circle or behind one. An item is an id and the ids that it names.
pub fn layered<'n>(items: &[(&'n str, Vec<&'n str>)]) -> (Vec<usize>, Vec<usize>) {
    let at: HashMap<&str, usize> = items.iter().enumerate().map(|(at, (id, _))| (*id, at)).collect();
    let mut behind: Vec<Vec<usize>> = vec![Vec::new(); items.len()];
    let mut waits_for = vec![0_usize; items.len()];
    for (item, (_, names)) in items.iter().enumerate() {
        for above in names.iter().filter_map(|name| at.get(name)) {
            behind[*above].push(item);
            waits_for[item] += 1;
        }
    }
    let mut ordered = Vec::with_capacity(items.len());
    let mut layer: Vec<usize> = (0..items.len()).filter(|item| waits_for[*item] == 0).collect();
    while !layer.is_empty() {
        let mut next = Vec::new();
        for below in layer.iter().flat_map(|item| &behind[*item]) {
            waits_for[*below] -= 1;
            if waits_for[*below] == 0 {
                next.push(*below);
            }
        }
        ordered.append(&mut layer);
        next.sort_unstable();
        layer = next;
    }
    let left = (0..items.len()).filter(|item| waits_for[*item] > 0).collect();
    (ordered, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_comes_after_what_it_names_and_circles_are_left() {
        let items = [
            ("over", vec!["base", "elsewhere"]),
            ("base", vec![]),
            ("top", vec!["over", "base"]),
            ("round", vec!["about"]),
            ("about", vec!["round"]),
            ("behind", vec!["round"]),
            ("itself", vec!["itself"]),
        ];
        assert_eq!(layered(&items), (vec![1, 0, 2], vec![3, 4, 5, 6]));
    }
}
