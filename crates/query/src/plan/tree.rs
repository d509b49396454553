//! Plans as indented text: from the last operator to the first, inputs below what takes them.

use std::fmt::Write;

/// What text is made of: an operator's inputs, and its lines, the first of which says what it does.
pub(super) struct Tree<'a> {
    pub(super) inputs: Vec<&'a [usize]>,
    pub(super) lines: &'a dyn Fn(usize) -> Vec<String>,
}

impl Tree<'_> {
    /// The text. An operator whose rows more than one takes is told once and then named by its number.
    pub(super) fn text(&self) -> String {
        let mut uses = vec![0; self.inputs.len()];
        self.inputs.iter().copied().flatten().for_each(|input| uses[*input] += 1);
        let (mut told, mut out) = (vec![false; self.inputs.len()], String::new());
        if let Some(last) = self.inputs.len().checked_sub(1) {
            self.operator(last, 1, &uses, &mut told, &mut out);
        }
        out
    }

    fn operator(&self, at: usize, depth: usize, uses: &[usize], told: &mut [bool], out: &mut String) {
        let indent = "  ".repeat(depth);
        // Writing into a string cannot fail.
        if std::mem::replace(&mut told[at], true) {
            let _ = writeln!(out, "{indent}the rows of [{at}]");
            return;
        }
        let number = if uses[at] > 1 { format!("[{at}] ") } else { String::new() };
        for (line, text) in (self.lines)(at).iter().enumerate() {
            let _ = match line {
                0 => writeln!(out, "{indent}{number}{text}"),
                _ => writeln!(out, "{indent}  {text}"),
            };
        }
        self.inputs[at].iter().for_each(|input| self.operator(*input, depth + 1, uses, told, out));
    }
}
