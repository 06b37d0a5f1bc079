//! Secure connections, good and bad.

use super::middle::{Authority, Middle, future, past, self_signed};
use super::{folder, is_whole, on, run, without_port};
use crate::run::{Sim, batch, inspect};
use crate::support::Folder;

#[test]
fn a_whole_run_goes_over_tls() {
    let (sim, authority) = (Sim::start(&[]), Authority::new());
    let tls = Middle::tls(&sim.url, authority.good());
    for (number, host) in ["localhost", "127.0.0.1"].iter().enumerate() {
        let folder =
            folder(&format!("url = \"https://{host}:{}\"\nca = \"certificates/ca.pem\"\n", tls.port));
        folder.write("certificates/ca.pem", &authority.pem);
        is_whole(&folder, run(&folder, &[]), 1);
        let url = format!("https://{host}:{}", tls.port);
        // The same server under its address, and without wfc.toml.
        is_whole(&folder, on(&folder, &url, &[]), 2);
        folder.write("wfc.toml", "");
        let pem = folder.path("certificates/ca.pem");
        let pem = pem.to_str().unwrap();
        is_whole(&folder, on(&folder, &url, &[("SSL_CERT_FILE", pem)]), 3);
        assert_eq!(
            tls.requests().iter().filter(|head| head.starts_with("get /ws?")).count(),
            3 * (number + 1)
        );
    }
    for route in ["get /system_stats", "post /upload/image", "post /prompt", "get /history/", "get /view?"] {
        assert!(tls.requests().iter().any(|head| head.starts_with(route)), "{route}");
    }
}

#[test]
fn what_breaks_is_survived_over_tls_and_through_a_proxy() {
    let under = |fault: &str| {
        let sim = Sim::start(&["--fault", fault, "--restart", "300ms"]);
        let (authority, proxy) = (Authority::new(), Middle::proxy(None));
        let tls = Middle::tls(&sim.url, authority.good());
        let folder = folder(&format!(
            "url = \"https://localhost:{}\"\nca = \"ca.pem\"\nproxy = \"127.0.0.1:{}\"\n",
            tls.port, proxy.port
        ));
        folder.write("ca.pem", &authority.pem);
        folder.write("batch.toml", batch(4));
        let run = folder.wfc(&["run", "batch.toml", "--on", "gpu"]);
        assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{fault}: {}", run.stdout);
        assert_eq!(inspect(&folder.path("outputs/0001-batch")).records.len(), 4, "{fault}");
    };
    // They wait most of the time.
    std::thread::scope(|scope| {
        for fault in ["ws-cut@3", "cut-body@8x6", "crash@3", "bad-gateway@5x4"] {
            scope.spawn(move || under(fault));
        }
    });
}

#[test]
fn jobs_are_cancelled_over_tls() {
    let sim = Sim::on_port("0", &["--speed", "1x", "--time", "EmptyImage=60/600"]);
    let authority = Authority::new();
    let tls = Middle::tls(&sim.url, authority.good());
    let folder = folder(&format!("url = \"https://localhost:{}\"\nca = \"ca.pem\"\n", tls.port));
    folder.write("ca.pem", &authority.pem);
    let run = folder.wfc(&["run", "smoke.toml", "--on", "gpu", "--timeout", "1"]);
    assert_eq!((run.code, &*run.stderr), (Some(1), ""), "{}", run.stdout);
    let history = sim.client().get_json("/history").unwrap();
    let entry = history.as_object().unwrap().values().next().unwrap();
    assert_eq!(entry["status"]["messages"].as_array().unwrap().last().unwrap()[0], "execution_interrupted");
}

#[test]
fn other_commands_use_the_same_way() {
    let (sim, authority) = (Sim::start(&[]), Authority::new());
    let tls = Middle::tls(&sim.url, authority.good());
    let url = format!("https://localhost:{}", tls.port);
    let folder = folder(&format!("url = \"{url}\"\nca = \"ca.pem\"\ntoken_env = \"POD\"\n"));
    folder.write("ca.pem", &authority.pem);
    for arguments in [
        &["lint", "smoke.toml", "--catalog", &url][..],
        &["catalog", "pull", &url, "-o", "catalog.json"],
        &["doctor", "smoke.toml", "--on", &url],
        &["doctor", "smoke.toml", "--on", "gpu"],
    ] {
        let before = tls.requests().len();
        let run = folder.finish(folder.command(arguments).env("POD", "s3cret"));
        assert_eq!(run.code, Some(0), "{arguments:?}: {}{}", run.stdout, run.stderr);
        let requests = &tls.requests()[before..];
        assert!(!requests.is_empty());
        for head in requests {
            assert!(head.contains("authorization: bearer s3cret"), "{arguments:?}: {head}");
        }
        super::keeps(&folder, &[&run], &["s3cret"]);
    }
}

fn labelled(name: &str, said: &str) -> String {
    format!("{name}: {said}")
}

#[test]
fn a_bad_certificate_is_one_error_that_says_what_to_do() {
    let (sim, authority, other) = (Sim::start(&[]), Authority::new(), Authority::new());
    let (own_of_other, own_of_other_pem) = self_signed(&["gpu.example"], true, |_| {});
    let (own_expired, own_expired_pem) = self_signed(&["localhost"], true, past);
    let (leaf_expired, leaf_expired_pem) = authority.certify_text(&["localhost"], past);
    let (another, _) = self_signed(&["localhost"], true, |_| {});
    let cases = [
        ("unknown", other.good(), &authority.pem),
        ("expired", authority.certify(&["localhost"], past), &authority.pem),
        ("not begun", authority.certify(&["localhost"], future), &authority.pem),
        ("other host", authority.certify(&["gpu.example", "*.pod.example"], |_| {}), &authority.pem),
        ("no host", authority.certify(&[], |_| {}), &authority.pem),
        ("its own for another", own_of_other, &own_of_other_pem),
        ("its own, expired", own_expired, &own_expired_pem),
        ("its own of another authority, expired", leaf_expired, &leaf_expired_pem),
        ("another one's own", another, &own_of_other_pem),
    ];
    let mut said = String::new();
    for (name, certificate, pem) in cases {
        let tls = Middle::tls(&sim.url, certificate);
        let folder = folder(&format!("url = \"https://localhost:{}\"\nca = \"ca.pem\"\n", tls.port));
        folder.write("ca.pem", pem);
        let failed = without_port(&run(&folder, &[]).failed(), &[tls.port]);
        said += &labelled(name, &failed);
        assert!(!super::exists(&folder.path("outputs")));
        assert_eq!(tls.requests().len(), 0);
    }
    // Without an authority of one's own.
    let tls = Middle::tls(&sim.url, authority.good());
    let folder = folder(&format!("url = \"https://localhost:{}\"\n", tls.port));
    said += &labelled("machine", &without_port(&run(&folder, &[]).failed(), &[tls.port]));
    // No TLS where it is expected, and TLS where none is.
    let plain = format!("https://localhost:{}", sim.port());
    let port = sim.port().parse().unwrap();
    said += &labelled("plain", &without_port(&on(&folder, &plain, &[]).failed(), &[port]));
    let secure = format!("http://localhost:{}", tls.port);
    said += &labelled("secure", &without_port(&on(&folder, &secure, &[]).failed(), &[tls.port]));
    insta::assert_snapshot!(said, @"
    unknown: wfc: https://localhost:PORT1: the server's certificate is not signed by an authority in the file that `ca` names; put the certificate of the authority that signed it into that file; `openssl s_client -showcerts -connect HOST:PORT` shows who did
    expired: wfc: https://localhost:PORT1: the server's certificate ended at 2021-02-03T00:00:00Z; have it renewed on the server, and look whether this machine's clock is right
    not begun: wfc: https://localhost:PORT1: the server's certificate begins at 2999-01-01T00:00:00Z; look whether this machine's clock is right
    other host: wfc: https://localhost:PORT1: the server's certificate is for `gpu.example`, `*.pod.example` and not for `localhost`; use the address that it is for, or have one made for this name: see docs/run.md, Networks
    no host: wfc: https://localhost:PORT1: the server's certificate names no host (it has no subjectAltName), so it is not for `localhost`; use the address that it is for, or have one made for this name: see docs/run.md, Networks
    its own for another: wfc: https://localhost:PORT1: the server's certificate is for `gpu.example` and not for `localhost`; use the address that it is for, or have one made for this name: see docs/run.md, Networks
    its own, expired: wfc: https://localhost:PORT1: the server's certificate ended at 2021-02-03T00:00:00Z; have it renewed on the server, and look whether this machine's clock is right
    its own of another authority, expired: wfc: https://localhost:PORT1: the server's certificate ended at 2021-02-03T00:00:00Z; have it renewed on the server, and look whether this machine's clock is right
    another one's own: wfc: https://localhost:PORT1: the server's certificate is that of an authority, and not of a server; if it is the server's own, name it with `ca` of the server in wfc.toml
    machine: wfc: https://localhost:PORT1: the server's certificate is not signed by an authority that this machine trusts; an authority of your own is named by `ca` of the server in wfc.toml, or by SSL_CERT_FILE; over a tunnel (`ssh -L`), http://127.0.0.1 needs no certificate
    plain: wfc: https://localhost:PORT1: what answers there does not speak TLS; if it speaks plain HTTP, write http:// for https://
    secure: wfc: http://localhost:PORT1: what answers there does not speak HTTP: protocol: http parse fail: invalid HTTP version; check the port; if it speaks TLS, write https:// for http://
    ");
}

#[test]
fn a_server_may_have_the_certificate_that_is_named() {
    let sim = Sim::start(&[]);
    // As a careful person makes it, as `openssl req -x509` does, and as ComfyUI's own recipe does.
    let own = [(&["localhost"][..], false), (&["localhost"], true), (&[], true), (&[], false)];
    let mut certificates: Vec<_> = own.map(|(names, is_ca)| self_signed(names, is_ca, |_| {})).into();
    // Or the one that an authority signed, which itself is not named.
    certificates.push(Authority::new().certify_text(&["localhost"], |_| {}));
    for (number, (certificate, pem)) in certificates.into_iter().enumerate() {
        let tls = Middle::tls(&sim.url, certificate);
        let folder = folder(&format!("url = \"https://localhost:{}\"\nca = \"own.pem\"\n", tls.port));
        folder.write("own.pem", pem);
        is_whole(&folder, run(&folder, &[]), 1);
        // It is no authority, except for itself.
        folder.write("wfc.toml", "");
        let pem = folder.path("own.pem");
        let named = on(
            &folder,
            &format!("https://localhost:{}", tls.port),
            &[("SSL_CERT_FILE", pem.to_str().unwrap())],
        );
        assert_eq!(named.code == Some(0), number == 0, "{number}: {}", named.stderr);
    }
}

#[test]
fn a_file_of_authorities_that_is_none_is_said_with_its_place() {
    let authority = Authority::new();
    let folder = folder("url = \"https://localhost:9\"\nca = \"ca.pem\"\n");
    let mut said = run(&folder, &[]).failed();
    let begin = authority.pem.lines().next().unwrap();
    for content in [
        &b""[..],
        b"hello\n",
        &authority.der,
        authority.key_pem.as_bytes(),
        authority.pem.replace('a', "!").as_bytes(),
        format!("{begin}\nAAAA\n-----END CERTIFICATE-----\n").as_bytes(),
        &authority.pem.as_bytes()[..200],
    ] {
        folder.write("ca.pem", content);
        said += &run(&folder, &[]).failed();
    }
    let url = "https://localhost:9";
    let pem = folder.path("ca.pem");
    folder.write("wfc.toml", "");
    said += &on(&folder, url, &[("SSL_CERT_FILE", "/nowhere/ca.pem")]).failed();
    folder.write("ca.pem", "");
    said += &on(&folder, url, &[("SSL_CERT_FILE", pem.to_str().unwrap())]).failed();
    said += &on(&folder, url, &[("SSL_CERT_DIR", "/nowhere")]).failed();
    insta::assert_snapshot!(said, @"
    wfc: wfc.toml:3:6: no such file: FOLDER/ca.pem
    wfc: wfc.toml:3:6: FOLDER/ca.pem: the file is empty
    wfc: wfc.toml:3:6: FOLDER/ca.pem: no certificate: no line is `-----BEGIN CERTIFICATE-----`
    wfc: wfc.toml:3:6: FOLDER/ca.pem: binary, where PEM is expected; `openssl x509 -inform der -in FILE -out FILE.pem` makes PEM of a binary certificate
    wfc: wfc.toml:3:6: FOLDER/ca.pem: a private key, and no certificate; name the file with the certificate
    wfc: wfc.toml:3:6: FOLDER/ca.pem: what stands between `-----BEGIN` and `-----END` is damaged
    wfc: wfc.toml:3:6: FOLDER/ca.pem: certificate 1 cannot be used: it is damaged
    wfc: wfc.toml:3:6: FOLDER/ca.pem: what stands between `-----BEGIN` and `-----END` is damaged
    wfc: SSL_CERT_FILE: no such file: /nowhere/ca.pem
    wfc: SSL_CERT_FILE: FOLDER/ca.pem: the file is empty
    wfc: SSL_CERT_DIR: no certificate in /nowhere: opening directory: No such file or directory (os error 2) at '/nowhere'; name the folder that `openssl version -d` prints, with `/certs`, or unset the variable
    ");
}

#[test]
fn what_is_wrong_with_authorities_and_proxy_is_said_at_once() {
    let folder = Folder::new();
    folder.write(
        "wfc.toml",
        "[servers.lab]\nurl = \"https://127.0.0.1:9\"\nca = \"none.pem\"\nproxy = \"ftp://x\"\n",
    );
    folder.write("p.toml", "graph = \"smoke\"\n");
    let run = folder.wfc(&["run", "p.toml", "--on", "lab"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("wfc.toml:3:6") && run.stderr.contains("wfc.toml:4:9"), "{}", run.stderr);
}
