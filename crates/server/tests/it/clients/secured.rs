//! The clients over TLS: they check the server's certificate, and resume over it.

use crate::certificates::Certificates;
use crate::place::skip;
use crate::running::{Running, orders};
use livewell_services::clients::{self, Typescript};
use std::process::Command;

/// A server with a certificate for 127.0.0.1 that nobody knows, and that certificate.
fn secured() -> (Certificates, Running) {
    let certificates = Certificates::new();
    certificates.self_signed("server", "/CN=localhost", "IP:127.0.0.1");
    let path = |name: &str| certificates.path(name).display().to_string();
    let tls = format!("  tls: {{ certificate: {}, key: {} }}\n", path("server.crt"), path("server.key"));
    let running = Running::start_with(&tls, "", "");
    (certificates, running)
}

/// An order of which the follower hears, as the clients send it.
fn order() -> String {
    orders(&[250]).trim().to_owned()
}

#[test]
fn the_client_for_typescript_checks_certificates() {
    let Some(client) = Typescript::copy(&super::root()) else {
        return skip("TLS of the client for TypeScript: there is no node or no npm");
    };
    client.build("dist");
    let (certificates, running) = secured();
    let program = format!(
        "import {{ Client }} from 'livewell';
         const client = new Client({{ url: 'https://{}', patience: 0 }});
         try {{
           const {{ position }} = await client.ingest('orders', {});
           await client.results('big', {{ position }});
           for await (const event of client.follow('big')) {{
             if (event.type === 'row') console.log(event.data.total);
             if (event.type === 'snapshot_end') break;
           }}
         }} catch (error) {{ console.log(error.name); }}",
        running.address,
        order()
    );
    let run = |trusted: bool| {
        let mut node = client.node(&["--input-type=module", "--eval", &program]);
        if trusted {
            node.env("NODE_EXTRA_CA_CERTS", certificates.path("server.crt"));
        }
        clients::run(&mut node)
    };
    assert_eq!(run(false), "UnreachableError\n");
    assert_eq!(run(true), "250\n");
}

#[test]
fn the_client_for_python_checks_certificates() {
    let Some(python) = clients::python() else {
        return skip("TLS of the client for Python: there is no python3 with venv and pip");
    };
    let (certificates, running) = secured();
    let program = format!(
        "import asyncio, ssl, threading, livewell_client as livewell\n\
         url, order = 'https://{}', {}\n\
         known = ssl.create_default_context(cafile='{}')\n\
         for tls in (None, known):\n\
         \x20 try:\n\
         \x20   plain = livewell.Client(url, patience=0, tls=tls)\n\
         \x20   plain.results('big', position=plain.ingest('orders', order).position)\n\
         \x20   following = plain.follow('big')\n\
         \x20   print([event.type for _, event in zip(range(3), following)])\n\
         \x20   threading.Timer(0.2, following.close).start()\n\
         \x20   print(list(following))\n\
         \x20   with plain.live('big') as live:\n\
         \x20     live.ready(30)\n\
         \x20     print(len(live.rows))\n\
         \x20 except livewell.UnreachableError as error:\n\
         \x20   print(type(error).__name__)\n\
         async def run(tls):\n\
         \x20 try:\n\
         \x20   async with livewell.AsyncClient(url, patience=0, tls=tls).live('big') as live:\n\
         \x20     await live.ready()\n\
         \x20     print(len(live.rows))\n\
         \x20   results = await livewell.AsyncClient(url, patience=0, tls=tls).results('big')\n\
         \x20   print(len(results.rows))\n\
         \x20 except livewell.UnreachableError as error:\n\
         \x20   print(type(error).__name__)\n\
         asyncio.run(run(known))\n",
        running.address,
        order(),
        certificates.path("server.crt").display()
    );
    let mut run = Command::new(python);
    run.args(["-W", "error::ResourceWarning", "-c", &program]);
    run.env("PYTHONPATH", super::root().join("clients/python/src")).env("PYTHONDONTWRITEBYTECODE", "1");
    let expected = "UnreachableError\n['snapshot_begin', 'row', 'snapshot_end']\n[]\n1\n1\n1\n";
    assert_eq!(clients::run(&mut run), expected);
}
