package deliver

import (
	"testing"
	"time"

	"github.com/slogship/slogship/transport"
)

func TestDefaults(t *testing.T) {
	o := Options{Transport: &fake{}}.withDefaults(transport.Description{})
	wantEqual(t, "MaxRecords", o.MaxRecords, 1000)
	wantEqual(t, "MaxBytes", o.MaxBytes, 1<<20)
	wantEqual(t, "Linger", o.Linger, 0)
	wantEqual(t, "MaxInFlight", o.MaxInFlight, 1)
	wantEqual(t, "InitialInterval", o.InitialInterval, 100*time.Millisecond)
	wantEqual(t, "MaxInterval", o.MaxInterval, 30*time.Second)
	wantEqual(t, "Multiplier", o.Multiplier, 2)
	wantEqual(t, "SendTimeout", o.SendTimeout, 30*time.Second)
	o.OnError(nil) // must not be nil itself
}

func TestOptionsWithinTheDescription(t *testing.T) {
	d := transport.Description{MaxRecords: 100, MaxBytes: 5000, Linger: time.Second, MaxInFlight: 4}
	of := func(o Options) Options {
		o.Transport = &fake{desc: d}
		return o.withDefaults(d)
	}
	o := of(Options{})
	wantEqual(t, "MaxRecords of the transport", o.MaxRecords, 100)
	wantEqual(t, "MaxBytes of the transport", o.MaxBytes, 5000)
	wantEqual(t, "Linger of the transport", o.Linger, time.Second)
	wantEqual(t, "MaxInFlight of the transport", o.MaxInFlight, 4)
	o = of(Options{MaxRecords: 7, MaxBytes: 70, Linger: time.Minute, MaxInFlight: 2})
	wantEqual(t, "MaxRecords below", o.MaxRecords, 7)
	wantEqual(t, "MaxBytes below", o.MaxBytes, 70)
	wantEqual(t, "Linger", o.Linger, time.Minute)
	wantEqual(t, "MaxInFlight below", o.MaxInFlight, 2)
	o = of(Options{MaxRecords: 700, MaxBytes: 7000, Linger: -1, MaxInFlight: 9})
	wantEqual(t, "MaxRecords above", o.MaxRecords, 100)
	wantEqual(t, "MaxBytes above", o.MaxBytes, 5000)
	wantEqual(t, "no Linger", o.Linger, 0)
	wantEqual(t, "MaxInFlight above", o.MaxInFlight, 4)
	d = transport.Description{}
	o = of(Options{MaxRecords: 5000, MaxBytes: 1 << 22, MaxInFlight: 9})
	wantEqual(t, "MaxRecords without a bound", o.MaxRecords, 5000)
	wantEqual(t, "MaxBytes without a bound", o.MaxBytes, 1<<22)
	wantEqual(t, "MaxInFlight is 1 unless the transport says more", o.MaxInFlight, 1)
}
