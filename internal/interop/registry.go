package main

// environment is what the servers of one run share.
type environment struct {
	pki *pki
}

// destinations are all that this command knows, one line for each server's file.
func destinations(env *environment) []destination {
	var all []destination
	for _, of := range []func(*environment) []destination{
		rsyslogDestinations,
		rsyslogTLSDestinations,
		syslogDestinations,
		journaldDestinations,
		relpDestinations,
		failoverDestinations,
		lumberjackDestinations,
		followedDestinations,
		filebeatDestinations,
		pythonDestinations,
		gelfDestinations,
		nginxDestinations,
		grpcDestinations,
		elasticsearchDestinations,
		lokiDestinations,
		kafkaDestinations,
		rabbitDestinations,
		otelDestinations,
		sentryDestinations,
	} {
		all = append(all, of(env)...)
	}
	return all
}
