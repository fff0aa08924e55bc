#!/bin/sh
# Makes a certificate authority for development and a server certificate under it, as `collegium quickstart`
# does, with openssl. Usage: make-dev-ca.sh DIR [NAME...]
# NAMEs are further host names beside localhost, 127.0.0.1, ::1 and this machine's own name.
# Writes DIR/ca.pem (to be trusted by clients), DIR/server.pem and DIR/server.key. The CA's key is thrown away:
# it has signed this one certificate and signs no other.
set -eu
umask 077

[ $# -ge 1 ] || { echo "usage: $0 DIR [NAME...]" >&2; exit 2; }
out=$1
shift
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

names="DNS:localhost,IP:127.0.0.1,IP:::1"
own=$(cat /proc/sys/kernel/hostname 2>/dev/null || hostname)
for name in "$own" "$@"; do
    case $name in
        ''|localhost|*[!A-Za-z0-9.-]*) ;;
        *) names="$names,DNS:$name" ;;
    esac
done

cat > "$work/ca.cnf" <<CNF
[req]
distinguished_name = name
prompt = no
x509_extensions = extensions
[name]
CN = Collegium development CA
[extensions]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
CNF
cat > "$work/leaf.cnf" <<CNF
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = $names
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
CNF

openssl ecparam -name prime256v1 -genkey -noout -out "$work/ca.key"
openssl req -new -x509 -sha256 -key "$work/ca.key" -config "$work/ca.cnf" -days 3650 -out "$work/ca.pem"
openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$work/server.key"
openssl req -new -sha256 -key "$work/server.key" -subj "/CN=localhost" -out "$work/server.csr"
# 800 days: Apple takes no leaf for longer than 825.
openssl x509 -req -sha256 -in "$work/server.csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" \
    -set_serial "0x$(openssl rand -hex 16)" -days 800 -extfile "$work/leaf.cnf" -out "$work/server.pem" 2>/dev/null

mv "$work/ca.pem" "$work/server.pem" "$work/server.key" "$out/"
chmod 644 "$out/ca.pem" "$out/server.pem"
echo "$out/ca.pem $out/server.pem $out/server.key"
