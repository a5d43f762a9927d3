//! The journal's database is believed by its certificate, and asked for a password over TLS alone.

use std::{fs, net::TcpListener};

use tokio_postgres::NoTls;

use super::peers::Authority;
use crate::{
    shared::{PASSWORD, keep_in, write_secret},
    snapshot::snapshot,
    stage::Stage,
    support::postgres::{Cluster, Database, cluster},
};

/// A port that nobody has now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Gives the user of tests a password, which is asked for from now on by those who use TLS.
async fn with_password(cluster: &Cluster, database: &Database) {
    let (client, connection) = tokio_postgres::connect(&database.url, NoTls).await.unwrap();
    let task = tokio::spawn(connection);
    client.batch_execute(&format!("ALTER USER dialplane PASSWORD '{PASSWORD}'")).await.unwrap();
    drop(client);
    let _ = task.await;
    cluster.put("data/pg_hba.conf", "hostssl all all all scram-sha-256\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_elsewhere_is_believed_by_its_certificate_and_by_nothing_else() {
    let Some(cluster) = cluster() else { return };
    let database = cluster.database();
    with_password(&cluster, &database).await;
    let authority = Authority::new("our authority");
    let own = authority.sign("localhost", 9999);
    let certificate = cluster.put("server.crt", &own.pem()).display().to_string();
    let key = cluster.put("server.key", &own.key_pem()).display().to_string();
    let port = free_port();
    let listen = format!("-c listen_addresses=localhost,127.0.0.1 -c port={port}");
    let tls = format!("-c ssl=on -c ssl_cert_file={certificate} -c ssl_key_file={key}");
    cluster.stop_hard();
    cluster.start_with(&format!("{listen} {tls}"));

    let url = |host: &str, password: &str| {
        format!("postgres://dialplane:{password}@{host}:{port}/postgres")
    };
    let right = url("localhost", PASSWORD);
    let stage = Stage::drifted().await;
    keep_in(&stage, &database, &right);
    stage.configure("schema:", "rootCertificate: roots.pem, schema:");
    fs::write(stage.path().join("roots.pem"), authority.pem()).unwrap();
    let applied = stage.run(&["apply"]).await;
    assert_eq!(applied.code, 3, "{}{}", applied.stdout, applied.stderr);
    let doctor = stage.run(&["doctor"]).await.stdout;
    assert!(doctor.contains("TLS, with the server's chain and name verified"), "{doctor}");
    assert!(!doctor.contains(PASSWORD), "{doctor}");

    let other = Authority::new("another authority").pem();
    let mut told = String::new();
    for (case, roots, url) in [
        ("another authority", other.as_str(), right.clone()),
        ("no certificates in the file", "none", right.clone()),
        ("another name", &authority.pem(), url("127.0.0.1", PASSWORD)),
        ("another password", &authority.pem(), url("localhost", "hunter3hunter3")),
        ("no TLS", &authority.pem(), format!("{right}?sslmode=disable")),
    ] {
        fs::write(stage.path().join("roots.pem"), roots).unwrap();
        write_secret(&stage, &url);
        told += &refused(&stage, case).await;
    }
    fs::write(stage.path().join("roots.pem"), authority.pem()).unwrap();
    write_secret(&stage, &right);
    cluster.stop_hard();
    cluster.start_with(&listen);
    told += &refused(&stage, "a server without TLS").await;
    cluster.stop_hard();
    cluster.start_with(&format!("{listen} {tls} -c default_transaction_read_only=on"));
    told += &refused(&stage, "a server that may only be read").await;
    // A plan only looks.
    assert_eq!(stage.run(&["plan"]).await.code, 3);
    snapshot!(told);
}

/// What people read who want to write with a journal that cannot be opened.
async fn refused(stage: &Stage, case: &str) -> String {
    let before = stage.writes().len();
    let ended = stage.run(&["apply"]).await;
    assert_eq!(ended.code, 1, "{case}: {}{}", ended.stdout, ended.stderr);
    assert_eq!(stage.writes().len(), before, "{case}");
    assert!(!ended.stderr.contains("hunter"), "{case}: {}", ended.stderr);
    let told = ended.stderr.lines().filter(|line| !line.starts_with("account "));
    format!("{case}:\n{}\n", told.collect::<Vec<_>>().join("\n"))
}
