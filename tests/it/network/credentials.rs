//! Credentials reach every request to the server, and nothing else.

use super::middle::{Authority, Middle};
use super::{folder, is_whole, keeps, on, run, without_port};
use crate::run::Sim;

#[test]
fn every_request_has_them_and_no_file() {
    let (sim, authority) = (Sim::start(&[]), Authority::new());
    let tls = Middle::tls(&sim.url, authority.good());
    let url = format!("https://localhost:{}", tls.port);
    let settings = [
        ("token_env = \"A\"\n", &["authorization: bearer s3cret-a"][..]),
        ("user_env = \"B\"\npassword_env = \"A\"\n", &["authorization: basic czncmv0lwi6czncmv0lwe="]),
        (
            "token_env = \"A\"\nheaders_env = { \"X-Api-Key\" = \"B\", \"CF-Access-Client-Id\" = \"C\" }\n",
            &["authorization: bearer s3cret-a", "x-api-key: s3cret-b", "cf-access-client-id: s3cret-c"],
        ),
    ];
    let variables = [("A", "s3cret-a"), ("B", "s3cret-b"), ("C", "s3cret-c")];
    for (settings, headers) in settings {
        let folder = folder(&format!("url = \"{url}\"\nca = \"ca.pem\"\n{settings}"));
        folder.write("ca.pem", &authority.pem);
        let before = tls.requests().len();
        let run = run(&folder, &variables);
        keeps(&folder, &[&run], &["s3cret", "czNjcmV0"]);
        is_whole(&folder, run, 1);
        let requests = tls.requests().split_off(before);
        assert!(requests.iter().any(|head| head.starts_with("get /ws?")));
        assert!(requests.iter().any(|head| head.starts_with("get /view?")));
        for head in requests {
            // In small letters, base64 is another text.
            for header in headers {
                let header = header.split_once("basic").map_or(*header, |(begin, _)| begin);
                assert!(head.contains(header), "{head}");
            }
        }
    }
    // From the command line.
    let folder = folder("url = \"http://other.example\"\n");
    folder.write("ca.pem", &authority.pem);
    let pem = folder.path("ca.pem");
    let with_login = url.replace("://", "://s3cret-d:s3cret-e@");
    let pem = ("SSL_CERT_FILE", pem.to_str().unwrap());
    let runs = [
        (on(&folder, &url, &[pem, ("WFC_TOKEN", "s3cret-a")]), "authorization: bearer s3cret-a"),
        (
            on(&folder, &url, &[pem, ("WFC_USER", "s3cret-b"), ("WFC_PASSWORD", "s3cret-a")]),
            "authorization: basic ",
        ),
        (on(&folder, &with_login, &[pem]), "authorization: basic "),
    ];
    keeps(&folder, &runs.each_ref().map(|(run, _)| run), &["s3cret", "czNjcmV0"]);
    for (number, (run, _)) in runs.into_iter().enumerate() {
        is_whole(&folder, run, number + 1);
    }
}

#[test]
fn addresses_with_a_login_are_shown_without_it() {
    let sim = Sim::start(&[]);
    let folder = folder("url = \"http://other.example\"\n");
    let with_login = |url: &str| url.replace("://", "://me:s3cret@");
    let nothing = Middle::refusing("200 OK");
    let garbage = format!("http://127.0.0.1:{}", nothing.port);
    let url = with_login(&sim.url);
    for arguments in [
        &["build", "smoke.toml", "-o", "built", "--catalog", &url][..],
        &["lint", "smoke.toml", "--catalog", &url],
        &["catalog", "pull", &url],
        &["run", "smoke.toml", "--on", &url, "--catalog", &url],
        &["runs", "show", "1"],
        &["doctor", "smoke.toml", "--on", &url],
        &["lint", "smoke.toml", "--catalog", &with_login(&garbage)],
        &["catalog", "pull", &with_login(&garbage)],
        &["run", "smoke.toml", "--on", &with_login(&garbage)],
    ] {
        let run = folder.wfc(arguments);
        keeps(&folder, &[&run], &["s3cret"]);
        let is_bad = arguments.iter().any(|argument| argument.contains(&nothing.port.to_string()));
        assert_eq!(run.code, Some(if is_bad { 2 } else { 0 }), "{arguments:?}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn a_project_cannot_send_them_to_its_catalog() {
    let sim = Sim::start(&[]);
    let server = Middle::leading(&sim.url, &[]);
    let url = format!("http://127.0.0.1:{}", server.port);
    let folder = folder("url = \"http://other.example\"\n");
    let tokens = [("WFC_TOKEN", "s3cret-a"), ("A", "s3cret-b")];
    for (arguments, is_given) in [(&[][..], false), (&["--catalog", &url], true)] {
        folder.write(
            "wfc.toml",
            format!("catalog = \"{url}\"\n[servers.x]\nurl = \"{url}\"\ntoken_env = \"A\"\n"),
        );
        let before = server.requests().len();
        folder
            .finish(folder.command(&[&["lint", "smoke.toml"], arguments].concat()).envs(tokens))
            .succeeded();
        let requests = server.requests().split_off(before);
        assert!(!requests.is_empty());
        assert!(
            requests.iter().all(|head| head.contains("authorization: bearer s3cret-a") == is_given),
            "{requests:?}"
        );
    }
}

#[test]
fn where_a_server_leads_to_gets_none() {
    let sim = Sim::start(&[]);
    let storage = Middle::leading(&sim.url, &[]);
    let there = format!("http://127.0.0.1:{}/view?X-Signature=s3cret-d&", storage.port);
    // Outputs are in a storage elsewhere; one route has moved, on the same server.
    let server = Middle::leading(
        &sim.url,
        &[("GET /view?", there), ("GET /system_stats", "/api/system_stats".to_owned())],
    );
    let folder = folder(&format!(
        "url = \"http://127.0.0.1:{}\"\ntoken_env = \"A\"\nheaders_env = {{ X-Api-Key = \"B\" }}\n",
        server.port
    ));
    let run = run(&folder, &[("A", "s3cret-a"), ("B", "s3cret-b")]);
    keeps(&folder, &[&run], &["s3cret"]);
    is_whole(&folder, run, 1);
    let has = |head: &String| {
        head.contains("authorization: bearer s3cret-a") && head.contains("x-api-key: s3cret-b")
    };
    let (own, others) = (server.requests(), storage.requests());
    assert!(
        own.iter().all(has) && own.iter().any(|head| head.starts_with("get /api/system_stats")),
        "{own:?}"
    );
    assert!(others.iter().any(|head| head.starts_with("get /view?x-signature=s3cret-d&")), "{others:?}");
    assert!(
        !others.iter().any(|head| head.contains("authorization") || head.contains("x-api-key")),
        "{others:?}"
    );
}

#[test]
fn a_server_that_leads_astray_is_not_followed() {
    let (sim, authority) = (Sim::start(&[]), Authority::new());
    let elsewhere = Middle::leading(&sim.url, &[]);
    let there = format!("http://me:s3cret@127.0.0.1:{}", elsewhere.port);
    let login = format!("{there}/login?next=s3cret#x");
    let mut said = String::new();
    for (begin, to) in [
        ("POST /prompt", login.clone()),
        ("POST /upload", "/api/upload?".to_owned()),
        ("GET /system_stats", "/system_stats".to_owned()),
        ("GET /system_stats", login),
        ("GET /system_stats", "ftp://x".to_owned()),
        ("GET /system_stats", "https://".to_owned()),
    ] {
        let server = Middle::leading(&sim.url, &[(begin, to)]);
        let folder = folder(&format!("url = \"http://127.0.0.1:{}\"\ntoken_env = \"A\"\n", server.port));
        let run = run(&folder, &[("A", "s3cret")]);
        keeps(&folder, &[&run], &["s3cret"]);
        assert_eq!(run.code, Some(2), "{}{}", run.stdout, run.stderr);
        said += &without_port(&run.stderr, &[server.port, elsewhere.port]);
    }
    assert!(elsewhere.requests().iter().all(|head| !head.contains("bearer")));
    // From TLS to clear text.
    let server = Middle::leading(&sim.url, &[("GET /system_stats", there)]);
    let tls = Middle::tls(&format!("127.0.0.1:{}", server.port), authority.good());
    let folder = folder(&format!("url = \"https://localhost:{}\"\nca = \"ca.pem\"\n", tls.port));
    folder.write("ca.pem", &authority.pem);
    said += &without_port(&run(&folder, &[]).failed(), &[tls.port, elsewhere.port]);
    insta::assert_snapshot!(said, @"
    wfc: http://127.0.0.1:PORT1/prompt: the server sends requests to http://127.0.0.1:PORT2/login; use the address that it leads to; if that is a login page, name a token or password; go on with `wfc run shown.toml --on gpu --resume`
    wfc: given.png cannot be put on the server: http://127.0.0.1:PORT1/upload/image: the server sends requests to http://127.0.0.1:PORT1/api/upload; use the address that it leads to; if that is a login page, name a token or password; go on with `wfc run shown.toml --on gpu --resume`
    wfc: http://127.0.0.1:PORT1/system_stats: the server leads elsewhere more than 4 times; use the address that it leads to
    wfc: http://127.0.0.1:PORT2/login: there is no such route (status 404); is this ComfyUI's address, with the whole path?
    wfc: http://127.0.0.1:PORT1/system_stats: the server leads to what is neither http nor https; is this ComfyUI's address?
    wfc: http://127.0.0.1:PORT1/system_stats: the server leads to what is no address; is this ComfyUI's address?
    wfc: https://localhost:PORT1/system_stats: the server leads to http://127.0.0.1:PORT2, without TLS; is this ComfyUI's address?
    ");
}
