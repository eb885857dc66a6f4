// A stage for a declarative Jenkinsfile, before the one that publishes. The trust file's digest is a credential of the
// folder, so that a change of the sources cannot choose another one. The agent has bash, Python and mcp-attest.
stage('attest gate') {
    environment {
        ATTEST_EVIDENCE = 'evidence.jsonl'
        ATTEST_TRUST = 'attest/trust.json'
        ATTEST_TRUST_SHA256 = credentials('attest-trust-sha256')
        ATTEST_REFERENCE = 'server.ref'
        ATTEST_COMMIT = "${env.GIT_COMMIT}"
        ATTEST_RUN = "${env.BUILD_TAG}"
    }
    steps {
        // In single quotes: Groovy fills nothing in, the shell reads the environment.
        sh '''
            python=$(dirname -- "$(realpath -- "$(command -v attest)")")/python
            shipped=$("$python" -I -c 'from attest.codec.shipped import folder; print(folder("ci"))')
            bash "$shipped/gate/gate.sh"
        '''
    }
    post {
        always {
            junit testResults: 'attest-reports/junit.xml', allowEmptyResults: true
            archiveArtifacts artifacts: 'attest-reports/*', allowEmptyArchive: true
        }
    }
}
