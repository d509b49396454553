//! The packages of the clients, installed where there is nothing else.

use crate::place::skip;
use crate::running::{Running, orders};
use livewell_services::clients::{self, Typescript};
use std::fs;
use std::process::Command;

/// A server with two orders in `big`.
fn running() -> Running {
    let running = Running::start();
    assert_eq!(running.post(&orders(&[250, 101, 7])).status, 200);
    running
}

#[test]
fn the_package_of_npm_is_installed_and_reads_results() {
    let Some(client) = Typescript::copy(&super::root()) else {
        return skip("the package of npm: there is no node or no npm");
    };
    let place = tempfile::tempdir().unwrap();
    let package = client.pack(place.path());
    let running = running();
    fs::write(place.path().join("package.json"), r#"{ "private": true, "type": "module" }"#).unwrap();
    let program = format!(
        "import {{ Client }} from 'livewell';
         const {{ rows }} = await new Client({{ url: 'http://{}' }}).results('big', {{ position: 3 }});
         console.log(rows.map(({{ data }}) => data.total).sort().join(' '));
         await import('livewell/react').catch((error) => console.log(error.message.split(' ')[3]));",
        running.address
    );
    fs::write(place.path().join("program.js"), program).unwrap();
    let file = package.to_str().unwrap();
    clients::run(&mut client.npm(place.path(), &["install", "--offline", "--no-audit", "--no-fund", file]));
    assert!(place.path().join("node_modules/livewell/LICENSE").is_file());
    let others = fs::read_dir(place.path().join("node_modules")).unwrap().flatten();
    let others: Vec<_> = others.map(|entry| entry.file_name()).filter(|name| name != "livewell").collect();
    assert!(others.iter().all(|name| name == ".package-lock.json"), "it brings {others:?}");
    let said = clients::run(client.node(&["program.js"]).current_dir(place.path()));
    // Who has no React needs none, and cannot use the hook.
    assert_eq!(said, "101 250\n'react'\n");
}

#[test]
fn the_wheel_is_installed_and_reads_results() {
    let Some(python) = clients::python() else {
        return skip("the wheel: there is no python3 with venv and pip");
    };
    let place = tempfile::tempdir().unwrap();
    let wheel = clients::wheel(&super::root(), place.path(), 1_700_000_000).unwrap();
    let programs = clients::venv(&python, &place.path().join("venv"));
    let mut install = Command::new(programs.join("pip"));
    install.args(["install", "--quiet", "--disable-pip-version-check", "--no-index"]).arg(wheel);
    clients::run(&mut install);
    let running = running();
    let program = format!(
        "import asyncio, pathlib, livewell_client as livewell\n\
         url = 'http://{}'\n\
         plain = livewell.Client(url).results('big', position=3)\n\
         other = asyncio.run(livewell.AsyncClient(url).results('big'))\n\
         assert plain == other\n\
         print(sorted(row.data['total'] for row in plain.rows))\n\
         print(pathlib.Path(livewell.__file__).with_name('py.typed').exists())",
        running.address
    );
    let mut run = Command::new(programs.join("python"));
    run.args(["-c", &program]).current_dir(place.path()).env_remove("PYTHONPATH");
    assert_eq!(clients::run(&mut run), "[101, 250]\nTrue\n");
}
