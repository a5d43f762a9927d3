//! The address of the database: who is asked, and whether TLS may be left out. Pure.
//!
//! **Invariant:** a connection that leaves the machine is encrypted, and the server's chain and
//! name are verified, whatever `sslmode` says.

use std::{net::IpAddr, time::Duration};

use tokio_postgres::{
    Config,
    config::{Host, LoadBalanceHosts, SslMode, TargetSessionAttrs},
};

/// How long one host may take to answer.
const CONNECT: Duration = Duration::from_secs(5);
/// How long data may be on its way without a sign that it came.
const UNANSWERED: Duration = Duration::from_secs(15);
/// The modes of `sslmode` that others know. All but the first mean the same here.
const MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// What may be told of where the database is: hosts and its name.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) config: Config,
}

/// What an address looks like.
pub(super) const FORM: &str = "write it as postgres://USER:PASSWORD@HOST/DATABASE, with `%40` for \
    an `@` in the password and so on";

/// Reads an address. The problem tells nothing of its text.
pub(super) fn read(url: &str, writes: bool) -> Result<Address, String> {
    if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
        return Err("it does not begin with `postgres://`".to_owned());
    }
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let mut mode = None;
    let mut rest = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sslmode", value)) => {
                let known = MODES.into_iter().find(|known| *known == value);
                mode = Some(known.ok_or("its `sslmode` is not one of those that are known")?);
            }
            Some(("sslrootcert", _)) => {
                return Err("`sslrootcert` is `rootCertificate` here, beside `url`".to_owned());
            }
            _ => rest.push(pair),
        }
    }
    let plain =
        if rest.is_empty() { address.to_owned() } else { format!("{address}?{}", rest.join("&")) };
    let mut config: Config = plain.parse().map_err(|_| "it cannot be understood".to_owned())?;
    if config.get_hosts().is_empty() {
        return Err("it names no host".to_owned());
    }
    let is_socket = |host: &Host| matches!(host, Host::Unix(_));
    let sockets = config.get_hosts().iter().all(is_socket);
    let local = config.get_hosts().iter().all(is_local)
        && config.get_hostaddrs().iter().all(IpAddr::is_loopback);
    let mode = match mode {
        _ if sockets && config.get_hostaddrs().is_empty() => SslMode::Disable,
        Some("disable") if local => SslMode::Disable,
        Some("disable") => {
            return Err("`sslmode=disable` is for this machine, and its host is another".to_owned());
        }
        _ => SslMode::Require,
    };
    config
        .ssl_mode(mode)
        .connect_timeout(CONNECT)
        .tcp_user_timeout(UNANSWERED)
        .keepalives(true)
        .keepalives_idle(Duration::from_secs(10))
        .keepalives_interval(Duration::from_secs(5))
        .keepalives_retries(3)
        .load_balance_hosts(LoadBalanceHosts::Disable)
        .application_name("dialplane");
    config.target_session_attrs(if writes {
        TargetSessionAttrs::ReadWrite
    } else {
        TargetSessionAttrs::Any
    });
    Ok(Address { config })
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        }
    }
}

impl Address {
    /// The longest time that dialling may take: each host once, and a moment.
    pub(super) fn patience(&self) -> Duration {
        let hosts = u32::try_from(self.config.get_hosts().len()).unwrap_or(u32::MAX);
        CONNECT.saturating_mul(hosts.saturating_add(1))
    }

    /// Whether its connections are encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.config.get_ssl_mode() != SslMode::Disable
    }

    /// Database and hosts, for people.
    pub(super) fn shown(&self) -> String {
        let hosts: Vec<String> = self
            .config
            .get_hosts()
            .iter()
            .map(|host| match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        let database = self.config.get_dbname().or(self.config.get_user()).unwrap_or("?");
        format!("database {database} on {}", hosts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> Result<SslMode, String> {
        read(url, true).map(|address| address.config.get_ssl_mode())
    }

    #[test]
    fn only_what_stays_on_the_machine_goes_without_tls() {
        for mode_of_others in ["", "?sslmode=prefer", "?sslmode=allow", "?sslmode=verify-full"] {
            let url = format!("postgres://ada:secret@db.acme.example/dialplane{mode_of_others}");
            assert_eq!(mode(&url), Ok(SslMode::Require), "{url}");
        }
        let disable = "?sslmode=disable";
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            assert_eq!(mode(&format!("postgres://ada@{host}/d{disable}")), Ok(SslMode::Disable));
            assert_eq!(mode(&format!("postgres://ada@{host}/d")), Ok(SslMode::Require));
        }
        assert_eq!(mode("postgresql://ada@%2Frun%2Fpostgresql/d"), Ok(SslMode::Disable));
        for host in ["db.acme.example", "10.0.0.1", "localhost,db.acme.example"] {
            mode(&format!("postgres://ada@{host}/d{disable}")).expect_err(host);
        }
        // The address beside the name is what is dialled.
        mode("postgres://ada@localhost/d?sslmode=disable&hostaddr=10.0.0.1").unwrap_err();
    }

    #[test]
    fn no_problem_with_an_address_repeats_it() {
        for url in [
            "hunter2",
            "postgres://ada:hunter2@/d",
            "postgres://ada:hunter2@db:hunter2/d",
            "postgres://ada:hunter2@db/d?hunter2=1",
            "postgres://ada:hunter2@db/d?sslmode=hunter2",
        ] {
            let problem = read(url, true).err().unwrap_or_default();
            assert!(!problem.contains("hunter2") && !problem.is_empty(), "{url}: {problem}");
        }
        let address = read("postgres://ada:hunter2@one:5432,two/calls", true).unwrap();
        assert_eq!(address.shown(), "database calls on one, two");
    }
}
