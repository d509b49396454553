//! `livewell init`: writes a commented configuration to begin with.

use crate::cli::{CONFIG, Init, Template};
use crate::failure::Failure;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// What a template writes, and what to do next.
struct Written {
    /// The configuration first.
    files: &'static [(&'static str, &'static str)],
    /// Commands with what they do.
    next: &'static [(&'static str, &'static str)],
}

const FILES: Written = Written {
    files: &[(CONFIG, include_str!("files.yaml")), ("orders.jsonl", include_str!("orders.jsonl"))],
    next: &[
        ("livewell run", "run it until Ctrl-C; then, in a second terminal:"),
        ("livewell results big-orders --watch", "the rows, and what changes as you append to orders.jsonl"),
    ],
};

const POSTGRES: Written = Written {
    files: &[(CONFIG, include_str!("postgres.yaml"))],
    next: &[
        ("$EDITOR livewell.yaml", "name your tables"),
        ("export SHOP_URL=postgres://user:password@host:5432/db", "name your database"),
        ("livewell doctor", "see what the database still needs"),
        ("livewell run", "run it until Ctrl-C; then, in a second terminal:"),
        ("livewell results big-orders --watch", "the rows, and what changes"),
    ],
};

const MYSQL: Written = Written {
    files: &[(CONFIG, include_str!("mysql.yaml"))],
    next: &[
        ("$EDITOR livewell.yaml", "name your tables"),
        ("export MARIADB_URL=mysql://user:password@host:3306/db", "name your database"),
        ("livewell doctor", "see what the database still needs"),
        ("livewell run", "run it until Ctrl-C; then, in a second terminal:"),
        ("livewell results big-orders --watch", "the rows, and what changes"),
    ],
};

const KAFKA: Written = Written {
    files: &[(CONFIG, include_str!("kafka.yaml"))],
    next: &[
        ("$EDITOR livewell.yaml", "name your topic, and what a record becomes"),
        ("export KAFKA_URL=kafka://host:9092", "name your brokers"),
        ("livewell doctor", "see whether the topic can be read"),
        ("livewell run", "run it until Ctrl-C; then, in a second terminal:"),
        ("livewell results big-orders --watch", "the rows, and what changes"),
    ],
};

const NATS: Written = Written {
    files: &[(CONFIG, include_str!("nats.yaml"))],
    next: &[
        ("$EDITOR livewell.yaml", "name your subject, and what a message becomes"),
        ("export NATS_URL=nats://host:4222", "name your server"),
        ("livewell doctor", "see whether the stream can be read"),
        ("livewell run", "run it until Ctrl-C; then, in a second terminal:"),
        ("livewell results big-orders --watch", "the rows, and what changes"),
    ],
};

const HTTP: Written = Written {
    files: &[(CONFIG, include_str!("http.yaml"))],
    next: &[
        ("livewell run", "run it until Ctrl-C; then, in a second terminal:"),
        (
            "curl -d '{\"id\": \"k1\", \"sensor\": \"kitchen\", \"celsius\": 31.5}' \
             http://127.0.0.1:7171/api/v1/sources/readings/changes",
            "post a reading",
        ),
        ("livewell results too-hot --watch", "the rows, and what changes"),
    ],
};

/// Writes the template's files, each of which must not exist yet, and prints what to do next.
pub fn run(init: &Init) -> Result<(), Failure> {
    let written = match init.template {
        Template::Files => &FILES,
        Template::Postgres => &POSTGRES,
        Template::Mysql => &MYSQL,
        Template::Kafka => &KAFKA,
        Template::Nats => &NATS,
        Template::Http => &HTTP,
    };
    let folder = &init.directory;
    fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
    // All are looked for before any is written, so that a refusal leaves nothing behind.
    let paths: Vec<_> = written.files.iter().map(|(name, text)| (folder.join(name), *text)).collect();
    if let Some((path, _)) = paths.iter().find(|(path, _)| path.symlink_metadata().is_ok()) {
        return Err(failed(path, &io::ErrorKind::AlreadyExists.into()));
    }
    for (path, text) in &paths {
        let file = OpenOptions::new().write(true).create_new(true).open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| failed(path, &error))?;
    }
    let mut out = io::stdout().lock();
    for (path, _) in &paths {
        writeln!(out, "created {}", path.display())?;
    }
    writeln!(out, "\nNext:")?;
    if folder != Path::new(".") {
        writeln!(out, "  cd {}", folder.display())?;
    }
    written.next.iter().try_for_each(|(command, what)| writeln!(out, "  {command}\n      {what}"))?;
    Ok(())
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    let path = path.display();
    Failure::failed(match error.kind() {
        io::ErrorKind::AlreadyExists => {
            format!(
                "`{path}` exists and is not overwritten; choose another directory: `livewell init DIR` [LW0780]"
            )
        }
        _ => format!("cannot write `{path}`: {error} [LW0780]"),
    })
}
