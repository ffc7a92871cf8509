package main

import "fmt"

// relpInput is imrelp in plain. rsyslog(relpInput(), parseMessage) is the server.
func relpInput() rsyslogInput {
	return rsyslogInput{module: "imrelp", packages: []string{"rsyslog-relp"}, params: `maxDataSize="64k"`}
}

// relpTLSInput is imrelp with TLS. It asks clients for a certificate that the
// authority of pki signed, as pki.client is.
func relpTLSInput(pki *pki) rsyslogInput {
	in := relpInput()
	in.load = `tls.tlslib="openssl"`
	in.params += fmt.Sprintf(` tls="on" tls.caCert=%q tls.myCert=%q tls.myPrivKey=%q tls.authMode="certvalid"`,
		pki.ca, pki.server.cert, pki.server.key)
	return in
}
