module github.com/slogship/slogship/transport/amqp

go 1.26.0

replace github.com/slogship/slogship => ../../

require (
	github.com/rabbitmq/amqp091-go v1.16.0
	github.com/slogship/slogship v0.0.0
)

require golang.org/x/sys v0.49.0 // indirect
