//! Egress rules that fixes propose: one way to write public addresses with those excepted that users must not reach.

use super::FixValue;

/// The peers of a rule: every address of a range but those excepted.
macro_rules! all_but {
    ($cidr:literal, $($except:expr),+ $(,)?) => {
        $crate::fix::FixValue::List(&[$crate::fix::FixValue::Map(&[(
            "ipBlock",
            $crate::fix::FixValue::Map(&[
                ("cidr", $crate::fix::FixValue::Str($cidr)),
                ("except", $crate::fix::FixValue::List(&[$($except),+])),
            ]),
        )])])
    };
}

pub(crate) use all_but;

/// The largest private range.
pub(crate) const PRIVATE_10: FixValue = FixValue::Str("10.0.0.0/8");

/// The middle private range.
pub(crate) const PRIVATE_172: FixValue = FixValue::Str("172.16.0.0/12");

/// The smallest private range.
pub(crate) const PRIVATE_192: FixValue = FixValue::Str("192.168.0.0/16");

/// The usual address of the metadata server.
pub(crate) const METADATA: FixValue = FixValue::Str("169.254.169.254/32");

const PUBLIC_PEERS: FixValue = all_but!("0.0.0.0/0", PRIVATE_10, PRIVATE_172, PRIVATE_192, METADATA);

/// A rule for every port of public IPv4 addresses.
pub(crate) const PUBLIC: FixValue = FixValue::Map(&[("to", PUBLIC_PEERS)]);

/// A rule for every port of public IPv6 addresses: those of sites and of links, the metadata servers' among them, are excepted.
pub(crate) const PUBLIC_IPV6: FixValue =
    FixValue::Map(&[("to", all_but!("::/0", FixValue::Str("fc00::/7"), FixValue::Str("fe80::/10")))]);

/// A rule for HTTP and HTTPS to public IPv4 addresses.
pub(crate) const WEB: FixValue = FixValue::Map(&[
    (
        "ports",
        FixValue::List(&[
            FixValue::Map(&[("port", FixValue::Number(80)), ("protocol", FixValue::Str("TCP"))]),
            FixValue::Map(&[("port", FixValue::Number(443)), ("protocol", FixValue::Str("TCP"))]),
        ]),
    ),
    ("to", PUBLIC_PEERS),
]);

/// The ports of DNS.
pub(crate) const DNS_PORTS: FixValue = FixValue::List(&[
    FixValue::Map(&[("port", FixValue::Number(53)), ("protocol", FixValue::Str("UDP"))]),
    FixValue::Map(&[("port", FixValue::Number(53)), ("protocol", FixValue::Str("TCP"))]),
]);
