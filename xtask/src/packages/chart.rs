//! The chart: it comes out as manifests that a cluster takes, whatever values a release has.

use crate::outcome::Outcome;
use crate::tools;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Helm as a library for Python, which is a download where Helm itself would have to be built. What it brings is native
/// code, so it must be the very file that was looked at.
const LIBRARY: &str = "helm-python-sdk==0.2.2 \
     --hash=sha256:28cc13abaf134c3a7e37f070c939be8d9cdc9825c3c8b8b2d35161073bcd4578\n";
const SCRIPT: &str = include_str!("chart.py");

/// What the chart gives for the values of one release.
#[derive(Deserialize)]
struct Rendered {
    manifests: Option<BTreeMap<String, String>>,
    error: Option<String>,
}

/// Renders the chart for several releases. Returns false if that is not possible here.
///
/// # Errors
/// Returns an error if a manifest is not what a cluster takes.
pub fn check(root: &Path) -> Outcome<bool> {
    let Some(python) = installed(root)? else { return Ok(false) };
    let releases = releases();
    let lines: String = releases.iter().map(|release| format!("{release}\n")).collect();
    let place = tempfile::tempdir()?;
    let given = place.path().join("releases.jsonl");
    fs::write(&given, lines)?;
    let said = Command::new(python)
        .args(["-c", SCRIPT])
        .arg(root.join("deploy/helm/livewell"))
        .stdin(fs::File::open(given)?)
        .stderr(Stdio::inherit())
        .output()?;
    let rendered: Vec<Rendered> =
        String::from_utf8(said.stdout)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    if rendered.len() != releases.len() {
        return Err("the chart could not be rendered".into());
    }
    releases.iter().zip(rendered).try_for_each(|(release, rendered)| judge(release, rendered))?;
    Ok(true)
}

/// The releases, each with its name, namespace and values; and whether the chart must refuse it.
fn releases() -> Vec<Json> {
    let all = json!({
        "existingSecret": "0x10", "image": { "repository": "registry.test/livewell", "tag": "1.0" },
        "imagePullSecrets": [{ "name": "registry" }], "podAnnotations": { "a": "1" }, "nodeSelector": { "disk": "ssd" },
        "tolerations": [{ "key": "x", "operator": "Exists" }], "affinity": { "nodeAffinity": {} },
        "environment": [{ "name": "A", "value": "b" }], "environmentFrom": [{ "configMapRef": { "name": "c" } }],
        "service": { "annotations": { "x": "y" }, "port": 80 }, "serviceAccount": { "create": false, "name": "42" },
        "persistence": { "storageClass": "1" }, "config": "store: { kind: memory }\n",
    });
    vec![
        json!({ "name": "shop", "namespace": "shops", "values": { "existingSecret": "s" } }),
        // Names that YAML takes for numbers.
        json!({ "name": "1234", "namespace": "42", "values": { "existingSecret": "7" } }),
        json!({ "name": "livewell", "namespace": "true", "values": all }),
        json!({ "name": "shop", "namespace": "shops", "values": {}, "refused": true }),
    ]
}

fn judge(release: &Json, rendered: Rendered) -> Outcome<()> {
    let is_refused = release["refused"] == true;
    let manifests = match (rendered.manifests, rendered.error) {
        (Some(manifests), _) if !is_refused => manifests,
        (None, Some(error)) if is_refused && error.contains("existingSecret") => return Ok(()),
        (_, error) => {
            return Err(format!("{release}: {}", error.unwrap_or("it is not refused".to_owned())).into());
        }
    };
    for (file, text) in
        manifests.iter().filter(|(file, text)| file.ends_with(".yaml") && !text.trim().is_empty())
    {
        let manifest: Json =
            serde_saphyr::from_str(text).map_err(|error| format!("{file} of {release}: {error}\n{text}"))?;
        let named = ["apiVersion", "kind"].iter().all(|field| manifest[field].is_string());
        if !named || !manifest["metadata"]["name"].is_string() {
            return Err(format!("{file} of {release} is not a manifest:\n{text}").into());
        }
        texts(&manifest).map_err(|place| format!("{file} of {release}: {place} is not a text:\n{text}"))?;
    }
    Ok(())
}

/// Checks that what a cluster takes as text is text: labels, annotations, names and the values of variables.
fn texts(json: &Json) -> Result<(), String> {
    const MAPS: [&str; 5] = ["labels", "matchLabels", "annotations", "selector", "nodeSelector"];
    const TEXTS: [&str; 5] = ["name", "value", "serviceName", "serviceAccountName", "storageClassName"];
    match json {
        Json::Object(fields) => fields.iter().try_for_each(|(name, value)| {
            let is_map = MAPS.contains(&name.as_str()) && value["matchLabels"].is_null();
            let all_texts = value.as_object().is_some_and(|map| map.values().all(Json::is_string));
            if is_map && !all_texts || TEXTS.contains(&name.as_str()) && !value.is_string() {
                return Err(format!("`{name}: {value}`"));
            }
            texts(value)
        }),
        Json::Array(items) => items.iter().try_for_each(texts),
        _ => Ok(()),
    }
}

/// Returns the Python that has the library, and installs it first if it is missing; `None` if it cannot be had here.
fn installed(root: &Path) -> Outcome<Option<PathBuf>> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(None);
    }
    let place = root.join("target/tools/helm-0.2.2");
    let (python, wanted) = (place.join("bin/python"), place.join("requirements.txt"));
    if fs::read_to_string(&wanted).is_ok_and(|has| has == LIBRARY) {
        return Ok(Some(python));
    }
    let made = Command::new("python3").args(["-m", "venv"]).arg(&place).stdout(Stdio::null()).status();
    if !made.is_ok_and(|made| made.success()) {
        return Ok(None);
    }
    let coming = place.join("coming.txt");
    fs::write(&coming, LIBRARY)?;
    let file = coming.to_string_lossy();
    let exactly = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", &file];
    let how = [&["install", "--quiet", "--disable-pip-version-check"][..], &exactly].concat();
    if tools::run(&place.join("bin/pip"), root, &how).is_err() {
        return Ok(None);
    }
    // Renamed last, so that an installation that was broken off is made again.
    fs::rename(&coming, &wanted)?;
    Ok(Some(python))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_where_texts_belong_are_found() {
        let manifest = |text: &str| serde_saphyr::from_str::<Json>(text).unwrap();
        for (text, is_right) in [
            ("metadata: { labels: { instance: 1234 } }", false),
            ("metadata: { labels: { instance: '1234' } }", true),
            ("env: [ { name: A, value: 42 } ]", false),
            ("spec: { selector: { matchLabels: { a: true } } }", false),
            ("spec: { ports: [ { name: http, port: 80 } ] }", true),
        ] {
            assert_eq!(texts(&manifest(text)).is_ok(), is_right, "{text}");
        }
    }
}
