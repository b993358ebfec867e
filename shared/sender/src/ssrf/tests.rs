use super::*;

#[test]
fn special_networks_are_not_public() {
    for ip in [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.8.8.8",
        "169.254.169.254",
        "169.254.170.2",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.170",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        assert!(!is_public(ip.parse().unwrap()), "{ip}");
    }
}

#[test]
fn addresses_beside_special_networks_are_public() {
    for ip in [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.0.1",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "198.17.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "2600:1f18::1",
        "2a00:1450:4001::1",
        "2001:4860:4860::8888",
    ] {
        assert!(is_public(ip.parse().unwrap()), "{ip}");
    }
}

#[test]
fn literal_addresses_are_blocked_in_every_spelling() {
    let check = |url: &str| AddressPolicy::PublicHttps.check(&Url::parse(url).unwrap());
    for url in [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://017700000001/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "http://example.com/",
        "ftp://example.com/",
    ] {
        assert!(check(url).is_err(), "{url}");
        assert_eq!(AddressPolicy::Any.check(&Url::parse(url).unwrap()), Ok(()));
    }
    assert_eq!(check("https://example.com/"), Ok(()));
    assert_eq!(check("https://8.8.8.8/"), Ok(()));
}

#[tokio::test]
async fn a_name_that_resolves_to_the_loopback_is_blocked() {
    let resolved = GuardedResolver.resolve("localhost".parse().unwrap()).await;
    let error = resolved.map(|_| ()).unwrap_err();
    assert_eq!(
        error.downcast_ref::<BlockedAddress>(),
        Some(&BlockedAddress::Name("localhost".to_owned()))
    );
}
