//! Proxies of every kind, and what they say.

use super::middle::{Authority, Middle};
use super::{folder, free_port, is_whole, keeps, on, run, without_port};
use crate::run::Sim;

/// How many connections a proxy was asked to make, and to where.
fn tunnels(proxy: &Middle, target: &str) -> usize {
    let seen = proxy.seen();
    let all = seen.matches("CONNECT ").count() + seen.matches("SOCKS ").count();
    let there = seen.matches(&format!("CONNECT {target} ")).count()
        + seen.matches(&format!("SOCKS {target}\n")).count();
    assert_eq!(all, there, "{seen}");
    all
}

#[test]
fn requests_and_the_socket_go_through_the_proxy() {
    let (sim, authority) = (Sim::start(&[]), Authority::new());
    let tls = Middle::tls(&sim.url, authority.good());
    let plain = format!("127.0.0.1:{}", sim.port());
    let secure = format!("localhost:{}", tls.port);
    for (scheme, target) in [("http", &plain), ("https", &secure)] {
        for kind in ["http", "socks5h"] {
            let proxy = if kind == "http" { Middle::proxy(None) } else { Middle::socks(None) };
            let folder = folder(&format!(
                "url = \"{scheme}://{target}\"\nca = \"ca.pem\"\nproxy = \"{kind}://127.0.0.1:{}\"\n",
                proxy.port
            ));
            folder.write("ca.pem", &authority.pem);
            is_whole(&folder, run(&folder, &[]), 1);
            // The socket and the requests.
            assert!(tunnels(&proxy, target) >= 2, "{}", proxy.seen());
        }
    }
}

#[test]
fn a_proxy_is_given_its_login_and_nobody_else() {
    let sim = Sim::start(&[]);
    let target = format!("127.0.0.1:{}", sim.port());
    let http = Middle::proxy(Some("me:p@ss/w:rd"));
    let socks = Middle::socks(Some(("me", "p@ss/w:rd")));
    for (proxy, kind) in [(&http, "http"), (&socks, "socks5")] {
        let folder = folder(&format!(
            "url = \"{}\"\nproxy = \"{kind}://127.0.0.1:{}\"\nproxy_user_env = \"NAME\"\nproxy_password_env = \"WORD\"\n",
            sim.url, proxy.port
        ));
        let good = run(&folder, &[("NAME", "me"), ("WORD", "p@ss/w:rd")]);
        keeps(&folder, &[&good], &["p@ss/w:rd", "p%40ss"]);
        is_whole(&folder, good, 1);
        assert!(tunnels(proxy, &target) >= 2);
        let bad = run(&folder, &[("NAME", "me"), ("WORD", "wr0ng")]);
        let unset = run(&folder, &[("NAME", "me")]);
        keeps(&folder, &[&bad, &unset], &["wr0ng", "p@ss"]);
        let said =
            without_port(&(bad.failed() + &unset.failed()), &[sim.port().parse().unwrap(), proxy.port]);
        if kind == "http" {
            insta::assert_snapshot!(said, @"
            wfc: http://127.0.0.1:PORT1: its proxy http://127.0.0.1:PORT2 (wfc.toml:3:9) refuses name and password (status 407); name the variables that hold them with `proxy_user_env` and `proxy_password_env`
            wfc: the environment variable WORD is not set; it holds a credential of the proxy
            ");
        } else {
            insta::assert_snapshot!(said, @"
            wfc: http://127.0.0.1:PORT1: its proxy socks5://127.0.0.1:PORT2 (wfc.toml:3:9) finds no way there: password authentication failed; check the address, and the proxy's name and password if it wants them
            wfc: the environment variable WORD is not set; it holds a credential of the proxy
            ");
        }
    }
}

/// An address of this machine that is not its loopback, so that proxies of the environment are asked.
fn own_address() -> Option<std::net::IpAddr> {
    // Nothing is sent: this asks which address would be used.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[test]
fn the_environment_names_proxies_and_exceptions() {
    let sim = Sim::start(&[]);
    let proxy = Middle::proxy(Some("me:p@ss"));
    let variable = format!("http://me:p%40ss@127.0.0.1:{}", proxy.port);
    let folder = folder("url = \"http://gpu.invalid:8188\"\n");
    // The proxy looks the name up.
    let there = run(&folder, &[("HTTP_PROXY", &variable)]);
    keeps(&folder, &[&there], &["p%40ss", "p@ss"]);
    let mut said = there.failed();
    assert_eq!(tunnels(&proxy, "gpu.invalid:8188"), 1);
    // Not for it.
    for (name, value) in
        [("NO_PROXY", "other, .invalid"), ("no_proxy", "gpu.invalid:8188"), ("no_proxy", "*")]
    {
        said += &run(&folder, &[("HTTP_PROXY", &variable), (name, value)]).failed();
    }
    said += &run(&folder, &[("HTTPS_PROXY", &variable)]).failed();
    assert_eq!(tunnels(&proxy, "gpu.invalid:8188"), 1);
    said += &run(&folder, &[("ALL_PROXY", &variable), ("http_proxy", "ftp://me:p@ss@x")]).failed();
    insta::assert_snapshot!(without_port(&said, &[proxy.port]), @"
    wfc: http://gpu.invalid:8188: its proxy http://127.0.0.1:PORT1 (HTTP_PROXY) cannot reach it (status 502); check the address; NO_PROXY names hosts that need no proxy
    wfc: http://gpu.invalid:8188: there is no host of this name; check the address
    wfc: http://gpu.invalid:8188: there is no host of this name; check the address
    wfc: http://gpu.invalid:8188: there is no host of this name; check the address
    wfc: http://gpu.invalid:8188: there is no host of this name; check the address
    wfc: http_proxy: its value is not the address of a proxy; write http://HOST:PORT, https://HOST:PORT or socks5h://HOST:PORT
    ");
    assert_eq!(tunnels(&proxy, "gpu.invalid:8188"), 1);
    said = run(&folder, &[("all_proxy", &variable)]).failed();
    assert!(said.contains("(all_proxy)"), "{said}");
    // This machine is never reached through a proxy of the environment.
    is_whole(&folder, on(&folder, &sim.url, &[("ALL_PROXY", &variable)]), 1);
    assert_eq!(tunnels(&proxy, "gpu.invalid:8188"), 2);
    // A server's own setting goes before it, and `none` is one.
    let Some(own) = own_address() else { return };
    let listener = std::net::TcpListener::bind((own, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    folder.write("wfc.toml", format!("[servers.gpu]\nurl = \"http://{own}:{port}\"\nproxy = \"none\"\n"));
    let run = std::thread::scope(|scope| {
        scope.spawn(|| drop(listener.accept().unwrap()));
        run(&folder, &[("ALL_PROXY", &variable)])
    });
    assert!(!run.failed().contains("proxy"));
    assert_eq!(tunnels(&proxy, "gpu.invalid:8188"), 2);
}

#[test]
fn what_a_proxy_refuses_is_said_with_its_name() {
    let mut said = String::new();
    let statuses = ["403 Forbidden", "407 X", "429 X", "502 Bad Gateway", "200 OK but no", "x"];
    for status in statuses {
        let proxy = Middle::refusing(status);
        // What comes through the tunnel of a proxy that closes it is a matter of time, where it is not awaited.
        let is_open = status.starts_with("200");
        for url in ["http://gpu.example", "https://gpu.example"].iter().skip(usize::from(is_open)) {
            let folder = folder(&format!("url = \"{url}\"\nproxy = \"127.0.0.1:{}\"\n", proxy.port));
            said += &without_port(&run(&folder, &[]).failed(), &[proxy.port]);
            assert!(!super::exists(&folder.path("outputs")));
        }
    }
    let free = free_port();
    for proxy in [
        &format!("127.0.0.1:{free}"),
        &format!("socks5h://127.0.0.1:{free}"),
        "proxy.invalid:3128",
        "socks5h://proxy.invalid:3128",
        "ftp://x",
        "http://me:p@x:1",
    ] {
        let folder = folder(&format!("url = \"http://gpu.example\"\nproxy = \"{proxy}\"\n"));
        said += &without_port(&run(&folder, &[]).failed(), &[free]);
    }
    let folder = folder("url = \"http://gpu.example\"\nproxy_user_env = \"X\"\n");
    said += &run(&folder, &[]).failed();
    let sim = Sim::start(&[]);
    let port = sim.port().parse().unwrap();
    folder.write(
        "wfc.toml",
        format!("[servers.gpu]\nurl = \"http://gpu.example\"\nproxy = \"https://127.0.0.1:{port}\"\n"),
    );
    said += &without_port(&run(&folder, &[]).failed(), &[port]);
    let socks = Middle::socks(None);
    folder.write(
        "wfc.toml",
        format!(
            "[servers.gpu]\nurl = \"http://gpu.invalid\"\nproxy = \"socks5h://127.0.0.1:{}\"\n",
            socks.port
        ),
    );
    said += &without_port(&run(&folder, &[]).failed(), &[socks.port]);
    insta::assert_snapshot!(said, @r#"
    wfc: http://gpu.example: its proxy http://127.0.0.1:PORT1 (wfc.toml:3:9) lets nobody through to there (status 403); many proxies let through to https:// on port 443 alone; `proxy = "none"` means that there is none
    wfc: https://gpu.example: its proxy http://127.0.0.1:PORT1 (wfc.toml:3:9) lets nobody through to there (status 403); `proxy = "none"` means that there is none
    wfc: http://gpu.example: its proxy http://127.0.0.1:PORT1 (wfc.toml:3:9) wants name and password (status 407); name the variables that hold them with `proxy_user_env` and `proxy_password_env`
    wfc: https://gpu.example: its proxy http://127.0.0.1:PORT1 (wfc.toml:3:9) wants name and password (status 407); name the variables that hold them with `proxy_user_env` and `proxy_password_env`
    wfc: http://gpu.example: its proxy http://127.0.0.1:PORT1 (wfc.toml:3:9) answers with status 429; check wfc.toml:3:9
    wfc: https://gpu.example: its proxy http://127.0.0.1:PORT1 (wfc.toml:3:9) answers with status 429; check wfc.toml:3:9
    wfc: http://gpu.example: its proxy http://127.0.0.1:PORT1 (wfc.toml:3:9) cannot reach it (status 502); check the address; `proxy = "none"` means that there is none
    wfc: https://gpu.example: its proxy http://127.0.0.1:PORT1 (wfc.toml:3:9) cannot reach it (status 502); check the address; `proxy = "none"` means that there is none
    wfc: https://gpu.example: the connection through its proxy http://127.0.0.1:PORT1 (wfc.toml:3:9) ends before it is secure; check the address, and wfc.toml:3:9
    wfc: http://gpu.example: its proxy http://127.0.0.1:PORT1 (wfc.toml:3:9) does not answer as one; check wfc.toml:3:9
    wfc: https://gpu.example: its proxy http://127.0.0.1:PORT1 (wfc.toml:3:9) does not answer as one; check wfc.toml:3:9
    wfc: http://gpu.example: its proxy http://127.0.0.1:PORT1 (wfc.toml:3:9): nothing listens there; check wfc.toml:3:9; `proxy = "none"` means that there is none
    wfc: http://gpu.example: its proxy socks5h://127.0.0.1:PORT1 (wfc.toml:3:9): nothing listens there; check wfc.toml:3:9; `proxy = "none"` means that there is none
    wfc: http://gpu.example: its proxy http://proxy.invalid:3128 (wfc.toml:3:9): there is no host of this name; check wfc.toml:3:9; `proxy = "none"` means that there is none
    wfc: http://gpu.example: its proxy socks5h://proxy.invalid:3128 (wfc.toml:3:9): there is no host of this name; check wfc.toml:3:9; `proxy = "none"` means that there is none
    wfc: wfc.toml:3:9: `ftp://x` is not the address of a proxy; write http://HOST:PORT, https://HOST:PORT or socks5h://HOST:PORT
    wfc: wfc.toml:3:9: the proxy's address has a login; put it into environment variables, and name them with `proxy_user_env` and `proxy_password_env`
    wfc: wfc.toml:3:18: a login for a proxy, and no `proxy`; the login of a proxy that the environment names stands there, in its address
    wfc: http://gpu.example: its proxy https://127.0.0.1:PORT1 (wfc.toml:3:9): what answers there does not speak TLS; check wfc.toml:3:9; `proxy = "none"` means that there is none
    wfc: http://gpu.invalid: its proxy socks5h://127.0.0.1:PORT1 (wfc.toml:3:9) finds no way there: connection refused; check the address, and the proxy's name and password if it wants them
    "#);
}

#[test]
fn the_way_to_a_proxy_may_be_secure_too() {
    let (sim, authority) = (Sim::start(&[]), Authority::new());
    let proxy = Middle::proxy(None);
    let front = Middle::tls(&format!("127.0.0.1:{}", proxy.port), authority.good());
    let tls = Middle::tls(&sim.url, authority.good());
    for url in [sim.url.clone(), format!("https://localhost:{}", tls.port)] {
        let folder = folder(&format!(
            "url = \"{url}\"\nca = \"ca.pem\"\nproxy = \"https://localhost:{}\"\n",
            front.port
        ));
        folder.write("ca.pem", &authority.pem);
        is_whole(&folder, run(&folder, &[]), 1);
    }
    assert!(proxy.seen().matches("CONNECT ").count() >= 4);
}

#[test]
fn a_run_does_without_a_socket_where_none_gets_through() {
    let sim = Sim::start(&[]);
    let server = Middle::leading(&sim.url, &[("GET /ws", "/nowhere".to_owned())]);
    let folder = folder(&format!("url = \"http://127.0.0.1:{}\"\n", server.port));
    let run = folder.wfc(&["run", "smoke.toml", "--on", "gpu"]).succeeded();
    let notes: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("note: ")).collect();
    insta::assert_snapshot!(notes.join("\n"), @"note: the server's socket cannot be opened, so steps are not shown: HTTP error: 302 Found");
    assert!(server.seen().contains("GET /ws?"));
}

#[test]
fn who_says_nothing_is_not_waited_for_without_end() {
    let silent = Middle::silent();
    let folder = |url: &str, proxy: &str| folder(&format!("url = \"{url}\"\nproxy = \"{proxy}\"\n"));
    let here = format!("127.0.0.1:{}", silent.port);
    let cases = [
        ("https://gpu.example", format!("http://{here}")),
        ("http://gpu.example", format!("http://{here}")),
        ("http://gpu.example", format!("https://{here}")),
        ("http://gpu.example", format!("socks5h://{here}")),
        (&format!("https://{here}"), "none".to_owned()),
    ];
    let said: Vec<String> = std::thread::scope(|scope| {
        let runs = cases.map(|(url, proxy)| {
            let folder = folder(url, &proxy);
            scope.spawn(move || run(&folder, &[]).failed())
        });
        runs.map(|run| run.join().unwrap()).into()
    });
    insta::assert_snapshot!(without_port(&said.concat(), &[silent.port]), @r#"
    wfc: https://gpu.example: its proxy http://127.0.0.1:PORT1 (wfc.toml:3:9): no connection within 10 s; check wfc.toml:3:9; `proxy = "none"` means that there is none
    wfc: http://gpu.example: its proxy http://127.0.0.1:PORT1 (wfc.toml:3:9): no connection within 10 s; check wfc.toml:3:9; `proxy = "none"` means that there is none
    wfc: http://gpu.example: its proxy https://127.0.0.1:PORT1 (wfc.toml:3:9): no connection within 10 s; check wfc.toml:3:9; `proxy = "none"` means that there is none
    wfc: http://gpu.example: its proxy socks5h://127.0.0.1:PORT1 (wfc.toml:3:9): no connection within 10 s; check wfc.toml:3:9; `proxy = "none"` means that there is none
    wfc: https://127.0.0.1:PORT1: no connection within 10 s; is the machine on, and does a firewall let this port through?
    "#);
}
