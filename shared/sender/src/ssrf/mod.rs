//! Protection against server-side request forgery: which addresses a sender may call.
//!
//! A destination's URL comes from a person, and a name server decides at the moment of
//! the call which address its host has. Only the address that is really dialled counts:
//! the resolver here drops every address that is not public. A literal address never
//! reaches the resolver, so it is checked in the URL.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tocsin_aws::{Env, EnvError};
use url::{Host, Url};

/// Which addresses may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressPolicy {
    /// Only public addresses, and only by HTTPS.
    PublicHttps,
    /// All addresses, by HTTP too: for a local stack, whose providers listen on the
    /// loopback.
    Any,
}

/// Why an address must not be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockedAddress {
    /// The URL's scheme is not HTTPS.
    #[error("only https is allowed, the URL's scheme is {0:?}")]
    Scheme(String),
    /// The URL contains an address of a special network.
    #[error("{0} is not a public address")]
    Literal(IpAddr),
    /// All addresses of the host belong to special networks.
    #[error("{0:?} does not resolve to a public address")]
    Name(String),
}

impl AddressPolicy {
    /// Reads `TOCSIN_ALLOW_PRIVATE_ENDPOINTS`: `true` or `false`, which is the default.
    ///
    /// # Errors
    ///
    /// When the variable has another value.
    pub fn read(env: &Env) -> Result<Self, EnvError> {
        let allow_private: Option<bool> = env.parsed("TOCSIN_ALLOW_PRIVATE_ENDPOINTS")?;
        Ok(match allow_private {
            Some(true) => Self::Any,
            Some(false) | None => Self::PublicHttps,
        })
    }

    /// Checks the URL itself. The addresses of its host are checked when it is dialled.
    ///
    /// # Errors
    ///
    /// When the scheme is not HTTPS, or the host is an address of a special network.
    pub fn check(self, url: &Url) -> Result<(), BlockedAddress> {
        if self == Self::Any {
            return Ok(());
        }
        if url.scheme() != "https" {
            return Err(BlockedAddress::Scheme(url.scheme().to_owned()));
        }
        let literal = match url.host() {
            Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
            Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
            Some(Host::Domain(_)) | None => return Ok(()),
        };
        if is_public(literal) {
            Ok(())
        } else {
            Err(BlockedAddress::Literal(literal))
        }
    }
}

/// The system's resolver, without the addresses that must not be called.
pub(crate) struct GuardedResolver;

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str();
            let found = tokio::net::lookup_host((host, 0)).await?;
            let public: Vec<SocketAddr> = found.filter(|addr| is_public(addr.ip())).collect();
            if public.is_empty() {
                return Err(BlockedAddress::Name(host.to_owned()).into());
            }
            let addresses: Addrs = Box::new(public.into_iter());
            Ok(addresses)
        })
    }
}

/// Whether an address belongs to the public internet, and not to a special network of
/// the IANA registries (RFC 6890 and its successors).
fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

#[expect(
    clippy::unnested_or_patterns,
    reason = "each range has a line and a name of its own"
)]
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127, _, _)             // this network, private, loopback
            | (100, 64..=127, _)         // carrier-grade NAT
            | (169, 254, _)              // link-local, instance metadata
            | (172, 16..=31, _)          // private
            | (192, 0, 0 | 2)            // protocol assignments, documentation
            | (192, 88, 99)              // 6to4 relays
            | (192, 168, _)              // private
            | (198, 18 | 19, _)          // benchmarks
            | (198, 51, 100)             // documentation
            | (203, 0, 113)              // documentation
            | (224..=255, _, _) // multicast, reserved, broadcast
    );
    !special
}

#[expect(
    clippy::unnested_or_patterns,
    reason = "each range has a line and a name of its own"
)]
fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(v4) = ip.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let segments = ip.segments();
    let special = match segments {
        // Special networks inside the only range that IANA assigns (2000::/3) …
        [0x2001, 0..=0x1ff, ..]                    // protocol assignments, Teredo
        | [0x2001, 0xdb8, ..]                      // documentation
        | [0x2002, ..]                             // 6to4 wraps any IPv4 address
        | [0x3fff, 0..=0xfff, ..] => true,         // documentation
        // … and everything outside it: loopback, unique local, link-local,
        // multicast, NAT64 (64:ff9b::/96 wraps any IPv4 address), metadata (fd00:ec2::254).
        [first, ..] => first & 0xe000 != 0x2000,
    };
    !special
}

#[cfg(test)]
mod tests;
