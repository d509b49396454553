//! The pages of the guide on the clients show the examples that the tests run.

use std::fs;

fn read(path: &str) -> String {
    fs::read_to_string(super::root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn the_pages_show_each_example_as_it_is() {
    for (client, ending, language) in
        [("typescript", "ts", "ts"), ("typescript", "tsx", "tsx"), ("python", "py", "python")]
    {
        let name = format!("docs/guide/client-{client}.md");
        let page = read(&name);
        let folder = super::root().join("clients").join(client).join("examples");
        let mut shown = 0;
        for entry in fs::read_dir(folder).expect("there are examples") {
            let path = entry.expect("a folder can be read").path();
            if path.extension().is_some_and(|of| of == ending) {
                let example = fs::read_to_string(&path).expect("an example is text");
                let block = format!("```{language}\n{example}```\n");
                assert!(page.contains(&block), "{name} does not show {}", path.display());
                shown += 1;
            }
        }
        // Every other program on the page would be one that nothing runs.
        assert_eq!(page.matches(&format!("```{language}\n")).count(), shown, "{name}");
        assert!(page.contains(&format!("```yaml\n{}```\n", read("clients/livewell.yaml"))), "{name}");
    }
}
