//! Who stands on the way out: authorities and their certificates, a TLS server before the sandbox,
//! and a proxy.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// A certificate and its key.
pub(super) struct Certificate {
    certificate: CertificateDer<'static>,
    key: KeyPair,
}

impl Certificate {
    /// The certificate as files hold it.
    pub(super) fn pem(&self) -> String {
        in_file("CERTIFICATE", &self.certificate)
    }

    /// Its key as files hold it.
    pub(super) fn key_pem(&self) -> String {
        in_file("PRIVATE KEY", &self.key.serialize_der())
    }
}

fn in_file(what: &str, bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    format!("-----BEGIN {what}-----\n{text}\n-----END {what}-----\n")
}

fn parameters(host: &str) -> CertificateParams {
    let mut parameters = CertificateParams::new(vec![host.to_owned()]).unwrap();
    parameters.not_before = date_time_ymd(1970, 1, 1);
    parameters.not_after = date_time_ymd(9999, 1, 1);
    parameters
}

fn authority_parameters(host: &str) -> CertificateParams {
    let mut parameters = parameters(host);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(DnType::CommonName, format!("root of {host}"));
    parameters
}

/// Signed by itself, and marked as an authority or not.
pub(super) fn self_signed(host: &str, is_authority: bool) -> Certificate {
    let parameters = if is_authority { authority_parameters(host) } else { parameters(host) };
    let key = KeyPair::generate().unwrap();
    let certificate = parameters.self_signed(&key).unwrap().der().clone();
    Certificate { certificate, key }
}

/// Signs the certificates of others.
pub(super) struct Authority {
    own: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let own = self_signed(name, true);
        let key = KeyPair::try_from(own.key.serialize_der()).unwrap();
        let issuer = Issuer::new(authority_parameters(name), key);
        Self { own, issuer }
    }

    pub(super) fn pem(&self) -> String {
        self.own.pem()
    }

    /// A certificate of a server, which ends in this year.
    pub(super) fn sign(&self, host: &str, ends: i32) -> Certificate {
        let mut parameters = parameters(host);
        parameters.not_after = date_time_ymd(ends, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap().der().clone();
        Certificate { certificate, key }
    }
}

/// A server that takes TLS off and passes everything on to the sandbox.
pub(super) async fn before(sandbox: SocketAddr, own: Certificate) -> SocketAddr {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(own.key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut encrypted) = acceptor.accept(socket).await else { return };
                let mut behind = TcpStream::connect(sandbox).await.unwrap();
                let _ = copy_bidirectional(&mut encrypted, &mut behind).await;
            });
        }
    });
    address
}

/// A proxy, and what it was asked.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Connects everybody with `to`, whatever host is asked for; without it, nobody with anything.
    pub(super) async fn start(to: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, to, Arc::clone(&noted)));
            }
        });
        Self { address, asked }
    }

    /// What it was asked since it was looked at last: each request's first line and headers.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

async fn serve(mut socket: TcpStream, to: Option<SocketAddr>, noted: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match socket.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    noted.lock().unwrap().push(String::from_utf8(head).unwrap());
    if let Some(to) = to {
        let _ = socket.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await;
        let mut behind = TcpStream::connect(to).await.unwrap();
        let _ = copy_bidirectional(&mut socket, &mut behind).await;
    } else {
        let refusal = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n";
        let _ = socket.write_all(refusal).await;
    }
}
