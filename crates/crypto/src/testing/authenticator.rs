//! A browser with an authenticator in it, made of software: answers ceremonies as a real one would,
//! or wrong in one way that a test names. ES256 only.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};

/// A browser on one origin, and the passkeys that it can use.
pub struct Authenticator {
    origin: String,
    passkeys: Vec<Passkey>,
}

struct Passkey {
    id: Vec<u8>,
    rp_id: String,
    user: Vec<u8>,
    key: EcdsaKeyPair,
    counter: u32,
}

/// One way to be wrong.
#[derive(Debug, Clone, Copy)]
pub enum Twist<'a> {
    /// None: all is right.
    Right,
    /// The page was at this origin.
    Origin(&'a str),
    /// A page of another site framed it.
    Framed,
    /// It says that a page of this origin framed it, but not that this was another site.
    TopOrigin(&'a str),
    /// The authenticator took this site for ours.
    RpId(&'a str),
    /// It answers this challenge (base64url).
    Challenge(&'a str),
    /// It is for this kind of ceremony.
    Kind(&'a str),
    /// Nobody was verified.
    Unverified,
    /// Nobody was there.
    Absent,
    /// It says that the passkey is this user's (base64url); nobody's if it is empty.
    UserHandle(&'a str),
    /// It says that the passkey has this id (base64url).
    Id(&'a str),
    /// The counter says this.
    Counter(u32),
    /// The passkey says that it may be on several devices.
    Synchronised,
    /// One bit of the signature is wrong.
    Signature,
    /// It attests itself, with its own key.
    SelfAttested,
    /// It has an attestation of this format, which says nothing.
    Attested(&'a str),
    /// Its maker attests it, with this key and this certificate (DER), in the format `fido-u2f`.
    Certified(&'a EcdsaKeyPair, &'a [u8]),
}

impl Authenticator {
    /// With no passkeys yet, on pages of this origin.
    pub fn new(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            passkeys: Vec::new(),
        }
    }

    /// What `navigator.credentials.create` answers to these options.
    pub fn create(&mut self, options: &str) -> String {
        self.create_twisted(options, Twist::Right)
    }

    /// The same, wrong in one way.
    pub fn create_twisted(&mut self, options: &str, twist: Twist) -> String {
        let options: Value = serde_json::from_str(options).expect("options in JSON");
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let passkey = Passkey {
            id: digest(&SHA256, key.public_key().as_ref()).as_ref().to_vec(),
            rp_id: text(&options["rp"]["id"]),
            user: bytes(&options["user"]["id"]),
            key,
            counter: 0,
        };
        let client = self.client("webauthn.create", &options, twist);
        let mut data = authenticator_data(&passkey, ATTESTED, twist);
        data.extend([0; 16]);
        data.extend(
            u16::try_from(passkey.id.len())
                .expect("a length")
                .to_be_bytes(),
        );
        data.extend(&passkey.id);
        data.extend(passkey.public_key());
        let (format, statement) = passkey.attestation(&data, &client, twist);
        let mut object = vec![0xa3];
        object.extend([cbor_text("fmt"), cbor_text(format)].concat());
        object.extend([cbor_text("attStmt"), statement].concat());
        object.extend([cbor_text("authData"), cbor_bytes(&data)].concat());
        let id = claimed_id(&passkey, twist);
        self.passkeys.push(passkey);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "clientDataJSON": BASE64.encode(client),
                "attestationObject": BASE64.encode(object),
                "authenticatorData": BASE64.encode(data),
                "publicKeyAlgorithm": -7,
                "transports": ["internal", "hybrid"],
            },
        })
        .to_string()
    }

    /// What `navigator.credentials.get` answers to these options, with the newest passkey of the
    /// site.
    pub fn get(&mut self, options: &str) -> String {
        self.get_twisted(options, Twist::Right)
    }

    /// The same, wrong in one way.
    pub fn get_twisted(&mut self, options: &str, twist: Twist) -> String {
        let options: Value = serde_json::from_str(options).expect("options in JSON");
        let client = self.client("webauthn.get", &options, twist);
        let site = text(&options["rpId"]);
        let ours = |passkey: &&mut Passkey| passkey.rp_id == site;
        let passkey = self.passkeys.iter_mut().rev().find(ours);
        let passkey = passkey.expect("a passkey of this site");
        passkey.counter += 1;
        let data = authenticator_data(passkey, 0, twist);
        let mut signature = passkey.sign(&data, &client);
        if let (Twist::Signature, Some(last)) = (twist, signature.last_mut()) {
            *last ^= 1;
        }
        let handle = match twist {
            Twist::UserHandle("") => Value::Null,
            Twist::UserHandle(other) => other.into(),
            _ => BASE64.encode(&passkey.user).into(),
        };
        let id = claimed_id(passkey, twist);
        json!({
            "id": id,
            "rawId": id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": BASE64.encode(client),
                "authenticatorData": BASE64.encode(data),
                "signature": BASE64.encode(signature),
                "userHandle": handle,
            },
        })
        .to_string()
    }

    /// `clientDataJSON`: what the browser, not the authenticator, says.
    fn client(&self, kind: &str, options: &Value, twist: Twist) -> Vec<u8> {
        let mut client = json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        });
        match twist {
            Twist::Kind(other) => client["type"] = other.into(),
            Twist::Challenge(other) => client["challenge"] = other.into(),
            Twist::Origin(other) => client["origin"] = other.into(),
            Twist::Framed => client["crossOrigin"] = true.into(),
            Twist::TopOrigin(other) => client["topOrigin"] = other.into(),
            _ => {}
        }
        client.to_string().into_bytes()
    }
}

impl Passkey {
    /// The public key in COSE (RFC 9053): EC2, ES256, P-256, x and y.
    fn public_key(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        let (x, y) = point[1..].split_at(32);
        let head = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01];
        [head, vec![0x21], cbor_bytes(x), vec![0x22], cbor_bytes(y)].concat()
    }

    fn sign(&self, data: &[u8], client: &[u8]) -> Vec<u8> {
        let message = [data, digest(&SHA256, client).as_ref()].concat();
        sign(&self.key, &message)
    }

    /// The format and the statement, in CBOR.
    fn attestation<'a>(&self, data: &[u8], client: &[u8], twist: Twist<'a>) -> (&'a str, Vec<u8>) {
        match twist {
            Twist::Attested(format) => (format, vec![0xa0]),
            Twist::SelfAttested => {
                let alg = [cbor_text("alg"), vec![0x26]].concat();
                let sig = [cbor_text("sig"), cbor_bytes(&self.sign(data, client))].concat();
                ("packed", [vec![0xa2], alg, sig].concat())
            }
            Twist::Certified(key, certificate) => {
                let message = [
                    &[0],
                    &data[..32],
                    digest(&SHA256, client).as_ref(),
                    &self.id,
                    self.key.public_key().as_ref(),
                ]
                .concat();
                let sig = [cbor_text("sig"), cbor_bytes(&sign(key, &message))].concat();
                let x5c = [cbor_text("x5c"), vec![0x81], cbor_bytes(certificate)].concat();
                ("fido-u2f", [vec![0xa2], sig, x5c].concat())
            }
            _ => ("none", vec![0xa0]),
        }
    }
}

/// Flags of the authenticator data (WebAuthn, section 6.1).
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const ATTESTED: u8 = 0x40;

fn authenticator_data(passkey: &Passkey, flags: u8, twist: Twist) -> Vec<u8> {
    let site = match twist {
        Twist::RpId(other) => other,
        _ => &passkey.rp_id,
    };
    let flags = flags
        | match twist {
            Twist::Unverified => PRESENT,
            Twist::Absent => VERIFIED,
            Twist::Synchronised => PRESENT | VERIFIED | BACKUP_ELIGIBLE,
            _ => PRESENT | VERIFIED,
        };
    let counter = match twist {
        Twist::Counter(other) => other,
        _ => passkey.counter,
    };
    let site = digest(&SHA256, site.as_bytes());
    [site.as_ref(), &[flags], &counter.to_be_bytes()].concat()
}

fn claimed_id(passkey: &Passkey, twist: Twist) -> String {
    match twist {
        Twist::Id(other) => other.to_owned(),
        _ => BASE64.encode(&passkey.id),
    }
}

fn sign(key: &EcdsaKeyPair, message: &[u8]) -> Vec<u8> {
    let signature = key.sign(&SystemRandom::new(), message);
    signature.expect("a signature").as_ref().to_vec()
}

fn cbor_text(text: &str) -> Vec<u8> {
    cbor(0x60, text.as_bytes())
}

fn cbor_bytes(bytes: &[u8]) -> Vec<u8> {
    cbor(0x40, bytes)
}

fn cbor(kind: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len())
        .expect("a length")
        .to_be_bytes();
    let head = match content.len() {
        0..24 => vec![kind | low],
        24..256 => vec![kind | 0x18, low],
        _ => vec![kind | 0x19, high, low],
    };
    [&head, content].concat()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

fn bytes(value: &Value) -> Vec<u8> {
    BASE64.decode(text(value)).expect("base64url")
}
