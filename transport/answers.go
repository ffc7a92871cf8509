package transport

// Answers gathers what a destination or an encoder says of single records while
// Send goes through its batch. Nothing is allocated until one has something to
// say, which is never in a healthy Send. It is not safe for concurrent use.
type Answers struct {
	errs []error // nil, or as long as the batch
	size int
}

// AnswersFor returns the Answers for a batch of size records, all accepted.
func AnswersFor(size int) Answers { return Answers{size: size} }

// Set gives the record at index i the answer err: nil is accepted.
func (a *Answers) Set(i int, err error) {
	if a.errs == nil {
		if err == nil {
			return
		}
		a.errs = make([]error, a.size)
	}
	a.errs[i] = err
}

// At returns the answer for the record at index i.
func (a *Answers) At(i int) error {
	if a.errs == nil {
		return nil
	}
	return a.errs[i]
}

// Err returns what Send has to return: nil if every record is accepted,
// otherwise a [*BatchError].
func (a *Answers) Err() error {
	for _, err := range a.errs {
		if err != nil {
			return &BatchError{Errs: a.errs}
		}
	}
	return nil
}
